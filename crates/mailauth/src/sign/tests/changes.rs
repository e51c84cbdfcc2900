//! Any mail that is signed passes; what a relay may change leaves it so, and anything else doesn't.

use proptest::prelude::*;

use super::*;

/// A field, its value perhaps folded and in UTF-8.
fn field() -> impl Strategy<Value = String> {
    const NAMES: [&str; 8] =
        ["Subject", "To", "Cc", "References", "List-Id", "content-type", "X-Other", "Received"];
    (proptest::sample::select(&NAMES[..]), "[ a-z0-9<>@=;é]{0,20}((\r\n [ \t]?|\r\n\t)[a-zé]{1,9}){0,2}")
        .prop_map(|(name, value)| format!("{name}: {value}\r\n"))
}

fn mail() -> impl Strategy<Value = String> {
    let fields = || proptest::collection::vec(field(), 0..8);
    let lines = proptest::collection::vec("[ \ta-cé.]{0,8}", 0..8);
    (fields(), fields(), lines, any::<bool>()).prop_map(|(above, below, lines, is_ended)| {
        let end = if is_ended { "\r\n" } else { "" };
        let (above, below, body) = (above.concat(), below.concat(), lines.join("\r\n"));
        format!("{above}From: Ann <ann@example.org>\r\n{below}\r\n{body}{end}")
    })
}

fn passes(fields: &str, mail: &[u8], signers: &[Signer]) -> bool {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let mail = [fields.as_bytes(), mail].concat();
    runtime.block_on(verdicts(&mail, signers)).iter().all(|result| *result == AuthResult::Pass)
}

/// Where a letter stands that a signature covers.
fn covered_letters(mail: &[u8]) -> Vec<usize> {
    let message = Message::new(mail);
    let covered = message.header.fields.iter().filter(|field| is_signed(field.name));
    let values = covered.flat_map(|field| field.range.end - field.value.len()..field.range.end);
    let all = values.chain(message.header.body_start..mail.len());
    all.filter(|at| mail[*at].is_ascii_alphanumeric()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn what_is_signed_passes(mail in mail()) {
        let signers = both();
        let fields = sign(mail.as_bytes(), &signers, NOW).unwrap();
        prop_assert!(passes(&fields, mail.as_bytes(), &signers));
    }

    #[test]
    fn a_letter_that_changes_is_noticed(mail in mail(), place in any::<proptest::sample::Index>()) {
        let signers = [ed25519()];
        let fields = sign(mail.as_bytes(), &signers, NOW).unwrap();
        let mut changed = mail.into_bytes();
        let letters = covered_letters(&changed);
        let at = letters[place.index(letters.len())];
        changed[at] = if changed[at] == b'x' { b'y' } else { b'x' };
        prop_assert!(!passes(&fields, &changed, &signers), "{}", changed.escape_ascii());
    }

    #[test]
    fn white_space_that_relays_add_is_not_noticed(mail in mail(), end in "( ?\r\n[ \t]?){0,3}") {
        let signers = [ed25519()];
        let fields = sign(mail.as_bytes(), &signers, NOW).unwrap();
        let ended = if mail.ends_with("\r\n") { mail } else { mail + "\r\n" };
        let changed = ended.replace(' ', " \t ").replace("é\r\n", "é \r\n") + &end;
        prop_assert!(passes(&fields, changed.as_bytes(), &signers), "{changed:?}");
    }
}
