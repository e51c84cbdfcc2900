//! What a reply to come will answer.

use super::limits::SenderLimits;
use super::outcome::Stage;

/// A command, or another cause of a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Greeting,
    Ehlo,
    Helo,
    StartTls,
    Auth(AuthStep),
    Reset,
    Mail,
    Recipient,
    Data,
    /// The dot that ends a content nobody will get.
    LoneDot,
    /// The dot after the content.
    FinalReply,
    Quit,
}

/// Where an AUTH exchange is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AuthStep {
    /// `AUTH PLAIN` was sent; user and password are to follow.
    Plain,
    /// `AUTH LOGIN` was sent; the user is to follow.
    User,
    /// The user was sent; the password is to follow.
    Password,
    /// All was sent.
    Verdict,
}

impl Step {
    pub(super) fn stage(self) -> Stage {
        match self {
            Self::Greeting => Stage::Greeting,
            Self::Ehlo | Self::Helo => Stage::Hello,
            Self::StartTls => Stage::StartTls,
            Self::Auth(_) => Stage::Auth,
            Self::Reset => Stage::Reset,
            Self::Mail => Stage::MailFrom,
            Self::Recipient => Stage::RcptTo,
            Self::Data | Self::LoneDot => Stage::Data,
            Self::FinalReply => Stage::FinalReply,
            Self::Quit => Stage::Quit,
        }
    }

    pub(super) fn secs_max(self, limits: &SenderLimits) -> u32 {
        match self {
            Self::Greeting => limits.greeting_secs_max,
            Self::Ehlo | Self::Helo | Self::StartTls | Self::Auth(_) | Self::Reset => limits.command_secs_max,
            Self::Mail => limits.mail_secs_max,
            Self::Recipient => limits.recipient_secs_max,
            Self::Data => limits.data_secs_max,
            Self::LoneDot | Self::FinalReply => limits.final_reply_secs_max,
            Self::Quit => limits.quit_secs_max,
        }
    }
}
