//! Recovery codes: for the day on which the telephone is lost. Each works once.

use data_encoding::BASE32_NOPAD;
use guichet_sys::Random;
use minicbor::bytes::ByteArray;

use super::Credentials;

/// How many there are.
pub(crate) const RECOVERY_CODES: usize = 10;
/// Octets of one: 80 bits, 16 characters of base32.
const CODE_BYTES: usize = 10;
/// How they are written: in groups of this many characters.
const GROUP_CHARS: usize = 4;

impl Credentials {
    /// Makes new ones; those before are worth nothing any more.
    pub(super) fn renew_recovery_codes(&mut self, random: &dyn Random) -> Vec<String> {
        let codes: Vec<String> = (0..RECOVERY_CODES).map(|_| new_code(random)).collect();
        self.recovery = codes.iter().map(|code| digest(code)).collect();
        codes.iter().map(|code| grouped(code)).collect()
    }

    /// Takes one, written without its hyphens, if it is left.
    pub(super) fn take_recovery_code(&mut self, code: &str) -> bool {
        let digest = digest(&code.to_ascii_lowercase());
        let before = self.recovery.len();
        self.recovery.retain(|left| *left != digest);
        self.recovery.len() < before
    }
}

fn new_code(random: &dyn Random) -> String {
    let mut bytes = [0; CODE_BYTES];
    random.fill(&mut bytes);
    BASE32_NOPAD.encode(&bytes).to_ascii_lowercase()
}

fn grouped(code: &str) -> String {
    let chars: Vec<char> = code.chars().collect();
    let groups: Vec<String> = chars.chunks(GROUP_CHARS).map(|group| group.iter().collect()).collect();
    groups.join("-")
}

fn digest(code: &str) -> ByteArray<32> {
    (*blake3::hash(code.as_bytes()).as_bytes()).into()
}
