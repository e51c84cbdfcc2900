//! ARC: what did those see who passed this mail on, and can their word be trusted to be theirs?
//!
//! [`chain`] collects and orders the sets, this file checks them. Whether the sealer is one whose word counts
//! is policy and decided elsewhere; the verdict names it.
//!
//! *Standards*: RFC 8617 sections 4 and 5.2.
//!
//! *Security*: at most 50 sets (section 5.1.1); a mail without ARC fields costs one look at its header.

mod chain;

use guichet_mail::verdict::{ArcVerdict, AuthResult};
use guichet_sys::dns::Resolver;

use crate::{
    dkim::{
        Refusal,
        body::Canonicalisation,
        check_signed_fields,
        fields::{raw_field, write_field, write_signature_field},
        key::Key,
        signature::{Algorithm, Signature, parse_signer},
        tags::Tags,
    },
    message::Message,
};
use chain::{Chain, Set};

/// Checks the chain of a mail.
pub(crate) async fn verify(message: &Message<'_>, resolver: &Resolver) -> ArcVerdict {
    if !message.has("ARC-Seal")
        && !message.has("ARC-Message-Signature")
        && !message.has("ARC-Authentication-Results")
    {
        return ArcVerdict::default();
    }
    let chain = match Chain::read(&message.header) {
        Ok(chain) => chain,
        Err(Refusal { result, reason }) => {
            return ArcVerdict { result, reason: Some(reason), ..ArcVerdict::default() };
        }
    };
    let (result, reason) = match check(message, &chain, resolver).await {
        Ok(()) => (AuthResult::Pass, None),
        Err(Refusal { result, reason }) => (result, Some(reason)),
    };
    ArcVerdict { result, chain_length: chain.length(), sealer: chain.sealer(), reason }
}

/// Section 5.2, steps 2 to 5: the newest message signature, then every seal from the newest on.
async fn check(message: &Message<'_>, chain: &Chain<'_, '_>, resolver: &Resolver) -> Result<(), Refusal> {
    chain.check_order()?;
    if let Some(newest) = chain.sets.last() {
        check_message_signature(message, newest, resolver).await?;
    }
    for count in (1..=chain.sets.len()).rev() {
        let sealed = chain.sets.get(..count).unwrap_or_default();
        check_seal(message, sealed, resolver)
            .await
            .map_err(|refusal| Refusal { reason: format!("seal {count}: {}", refusal.reason), ..refusal })?;
    }
    Ok(())
}

async fn check_message_signature(
    message: &Message<'_>,
    set: &Set<'_, '_>,
    resolver: &Resolver,
) -> Result<(), Refusal> {
    let malformed = || Refusal::fail("the newest ARC-Message-Signature is malformed");
    let tags = Tags::parse(set.message_signature.value).ok_or_else(malformed)?;
    let signature = Signature::parse(&tags)?;
    let key = Key::fetch(resolver, signature.selector, &signature.domain).await?;
    check_signed_fields(message, set.message_signature, &signature, &key)
}

/// Section 5.1.1: a seal covers all sets up to its own, each in the order results, signature, seal.
async fn check_seal(
    message: &Message<'_>,
    sealed: &[Set<'_, '_>],
    resolver: &Resolver,
) -> Result<(), Refusal> {
    let Some((own, earlier)) = sealed.split_last() else { return Ok(()) };
    let algorithm = Algorithm::parse(&own.seal_tags)?;
    let (domain, selector) = parse_signer(&own.seal_tags)?;
    let signature = own.seal_tags.base64("b").ok_or_else(|| Refusal::fail("b= is missing or faulty"))?;
    let key = Key::fetch(resolver, selector, &domain).await?;
    let mut signed = Vec::with_capacity(4096);
    let form = Canonicalisation::Relaxed;
    for set in earlier {
        for field in [set.results, set.message_signature, set.seal] {
            write_field(raw_field(message.raw, field), form, &mut signed);
        }
    }
    for field in [own.results, own.message_signature] {
        write_field(raw_field(message.raw, field), form, &mut signed);
    }
    write_signature_field(raw_field(message.raw, own.seal), form, &mut signed);
    key.verify(algorithm, &signed, &signature)
}

#[cfg(test)]
mod tests;
