//! The sets of an ARC chain, in order.
//!
//! *Standards*: RFC 8617 sections 4.2 and 5.2, steps 1 to 3.

use guichet_mail::headers::{Header, RawField};

use crate::{
    dkim::{Refusal, tags::Tags},
    domain,
};

/// Section 5.1.1.
const SETS_MAX: usize = 50;

/// The three fields that one handler added.
pub(super) struct Set<'h, 'a> {
    pub(super) results: &'h RawField<'a>,
    pub(super) message_signature: &'h RawField<'a>,
    pub(super) seal: &'h RawField<'a>,
    pub(super) seal_tags: Tags<'a>,
}

/// All sets, oldest first, numbered from 1 without a gap.
pub(super) struct Chain<'h, 'a> {
    pub(super) sets: Vec<Set<'h, 'a>>,
}

impl<'h, 'a> Chain<'h, 'a> {
    /// Collects the sets; refuses what is not one of each kind per number.
    pub(super) fn read(header: &'h Header<'a>) -> Result<Self, Refusal> {
        let results = numbered(header, "ARC-Authentication-Results")?;
        let signatures = numbered(header, "ARC-Message-Signature")?;
        let seals = numbered(header, "ARC-Seal")?;
        if results.len() != signatures.len() || signatures.len() != seals.len() {
            return Err(Refusal::fail("an ARC set is not complete"));
        }
        let mut sets = Vec::with_capacity(seals.len());
        for ((results, message_signature), seal) in results.into_iter().zip(signatures).zip(seals) {
            let malformed = || Refusal::fail("an ARC-Seal is malformed");
            let seal_tags = Tags::parse(seal.value).ok_or_else(malformed)?;
            sets.push(Set { results, message_signature, seal, seal_tags });
        }
        Ok(Self { sets })
    }

    /// At most 50.
    pub(super) fn length(&self) -> u8 {
        u8::try_from(self.sets.len()).unwrap_or(u8::MAX)
    }

    /// The domain of the newest seal.
    pub(super) fn sealer(&self) -> Option<String> {
        let domain = self.sets.last()?.seal_tags.get("d")?;
        domain::normalise(domain).map(Into::into)
    }

    /// Steps 2 and 3.C: the first says "none", the others "pass".
    pub(super) fn check_order(&self) -> Result<(), Refusal> {
        for (position, set) in self.sets.iter().enumerate() {
            let expected = if position == 0 { "none" } else { "pass" };
            let validation = set.seal_tags.get("cv").unwrap_or_default();
            if !validation.eq_ignore_ascii_case(expected) {
                return Err(Refusal::fail(format!("seal {} does not say cv={expected}", position + 1)));
            }
            // Section 4.1.3: a seal covers a fixed list.
            if set.seal_tags.get("h").is_some() {
                return Err(Refusal::fail(format!("seal {} has h=", position + 1)));
            }
        }
        Ok(())
    }
}

/// The fields of that name by their `i=`, which has to run from 1 without gap or doubling.
fn numbered<'h, 'a>(header: &'h Header<'a>, name: &'static str) -> Result<Vec<&'h RawField<'a>>, Refusal> {
    let mut fields = Vec::new();
    for field in header.all(name) {
        let number =
            instance(field.value).ok_or_else(|| Refusal::fail(format!("{name} without a number")))?;
        if fields.len() == SETS_MAX {
            return Err(Refusal::fail(format!("more than {SETS_MAX} ARC sets")));
        }
        fields.push((number, field));
    }
    fields.sort_by_key(|(number, _)| *number);
    let is_contiguous = fields.iter().zip(1..).all(|((number, _), expected)| *number == expected);
    if !is_contiguous {
        return Err(Refusal::fail(format!("the numbers of {name} have a gap or one twice")));
    }
    Ok(fields.into_iter().map(|(_, field)| field).collect())
}

/// The value of `i=`; in results it comes first, and what follows is no tag list.
fn instance(value: &[u8]) -> Option<u8> {
    value.split(|octet| *octet == b';').find_map(|tag| {
        let tag = str::from_utf8(tag).ok()?;
        let (name, number) = tag.split_once('=')?;
        if name.trim() == "i" { number.trim().parse().ok() } else { None }
    })
}
