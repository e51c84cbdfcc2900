//! What is wrong with a mail, in words.

use guichet_mail::Defect;
use serde::Serialize;
use utoipa::ToSchema;

/// One thing that is wrong with a mail.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MailDefect {
    /// For programs.
    #[schema(value_type = String, example = "from_doubled")]
    code: Defect,
    /// For people.
    #[schema(example = "The mail has more than one From.")]
    detail: &'static str,
}

impl From<Defect> for MailDefect {
    fn from(code: Defect) -> Self {
        Self { code, detail: words(code) }
    }
}

fn words(defect: Defect) -> &'static str {
    match defect {
        Defect::FromAbsent => "The mail does not say who wrote it.",
        Defect::FromInvalid => "What stands as sender is no address.",
        Defect::FromDoubled => "The mail has more than one From.",
        Defect::HeaderDoubled => "A header field that may stand once stands more often.",
        Defect::DateInvalid => "The date of the mail makes no sense.",
        Defect::HeaderTooLarge => "The header is too large to be shown whole.",
        Defect::HeaderBroken => "The header breaks off in a line that is no field of it.",
        Defect::HeaderListTooLong => "There are more addresses or references than are kept.",
        Defect::TooManyParts => "The mail has more parts than are listed.",
        Defect::TooDeep => "The mail has parts within parts, deeper than is followed.",
        Defect::BoundaryMissing => "The mail says that it has parts, but they can't be told apart.",
        Defect::Truncated => "The mail ends before its last part does; it may have been cut off.",
        Defect::CharsetBroken => "Some characters of the text can't be read.",
        Defect::EncodingBroken => "The encoding of a text is damaged.",
    }
}
