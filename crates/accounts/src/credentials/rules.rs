//! What a password must be: long, and not what anybody guesses first. Nothing else is asked of it (NIST SP 800-63B
//! 3.1.1: length counts, rules about characters don't).

use crate::Error;

/// Characters of a password at least.
const CHARS_MIN: usize = 10;
/// Characters at most: a sentence fits, a book does not.
const CHARS_MAX: usize = 200;
/// Fewer different characters are a pattern.
const DIFFERENT_MIN: usize = 5;

/// What stands at the top of every list of passwords, in lower case, without digits at the end.
const MOST_USED: &[&str] = &[
    "password",
    "passwort",
    "motdepasse",
    "contrasena",
    "qwerty",
    "qwertyuiop",
    "azertyuiop",
    "qwertzuiop",
    "asdfghjkl",
    "letmein",
    "letmeinplease",
    "iloveyou",
    "welcome",
    "willkommen",
    "bienvenue",
    "admin",
    "administrator",
    "changeme",
    "changemeplease",
    "passwordpassword",
    "mypassword",
    "secret",
    "topsecret",
    "trustno",
    "sunshine",
    "princess",
    "football",
    "baseball",
    "superman",
    "starwars",
    "whatever",
    "helpdesk",
    "support",
    "guichet",
    "abcdefghij",
    "qazwsxedc",
    "zaqxswcde",
    "qwaszx",
    "dragon",
    "monkey",
    "master",
    "shadow",
    "michael",
    "computer",
    "internet",
    "testtest",
    "testtesttest",
    "default",
    "correcthorsebatterystaple",
];

/// Refuses a password that somebody who knows these words would try first: the person's address, name, organisation.
pub(crate) fn check_password(password: &str, words: &[&str]) -> Result<(), Error> {
    let refused = |text: String| Err(Error::Invalid(text));
    if !(CHARS_MIN..=CHARS_MAX).contains(&password.chars().count()) {
        return refused(format!("a password has {CHARS_MIN} to {CHARS_MAX} characters; take a sentence"));
    }
    let mut different: Vec<char> = password.chars().collect();
    different.sort_unstable();
    different.dedup();
    let core = core(password);
    if different.len() < DIFFERENT_MIN || core.is_empty() || MOST_USED.contains(&core.as_str()) {
        return refused("this password is among those that are guessed first; take another".to_owned());
    }
    let is_known = |word: &&str| !word.is_empty() && self::core(word) == core;
    if words.iter().any(is_known) {
        let text = "a password must not be your address, your name or your organisation's; take another";
        return refused(text.to_owned());
    }
    Ok(())
}

/// Letters and digits in lower case, without digits at the end: what is the same to who guesses.
fn core(text: &str) -> String {
    let plain: String = text.to_lowercase().chars().filter(|c| c.is_alphanumeric()).collect();
    plain.trim_end_matches(|c: char| c.is_ascii_digit()).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_sentences_in_any_script_are_taken() {
        for password in ["correct horse staple", "пароль из трёх слов", "ten chars!", &"ab cd e".repeat(28)]
        {
            check_password(password, &["ana@acme.example", "Ana", "Acme Ltd"]).unwrap();
        }
    }

    #[test]
    fn what_is_guessed_first_is_refused_with_a_sentence() {
        let words = ["ana.lopez@acme.example", "ana.lopez", "Ana Maria López", "Acme Limited"];
        for (password, sentence) in [
            ("short", "10 to 200"),
            (&"ab cd e".repeat(40) as &str, "10 to 200"),
            ("Password123!", "guessed first"),
            ("1234567890", "guessed first"),
            ("aaaaaaaaaaaa", "guessed first"),
            ("abababababab", "guessed first"),
            ("!!!!!!!!!!!!", "guessed first"),
            ("ANA.LOPEZ@acme.example", "must not be"),
            ("ana maria lópez 1990", "must not be"),
            ("acme-limited2026", "must not be"),
        ] {
            let refused = check_password(password, &words).unwrap_err().to_string();
            assert!(refused.contains(sentence), "{password}: {refused}");
            assert!(!refused.contains(password), "a password is never said back");
        }
    }
}
