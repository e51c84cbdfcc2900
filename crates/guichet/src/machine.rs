//! What this machine is called, and how much it lets one process have open.

use guichet_mail::DomainName;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// What we call ourselves on a machine without a full name.
const NAMELESS: &str = "localhost";

/// The machine's name where it is fully qualified (RFC 5321 4.1.1.1), else `localhost`.
#[expect(clippy::expect_used, reason = "`localhost` is a domain name, as a test sees")]
pub(crate) fn host_name() -> DomainName {
    let name = rustix::system::uname();
    full_name(&name.nodename().to_string_lossy())
        .unwrap_or_else(|| DomainName::parse(NAMELESS).expect("`localhost` is a domain name"))
}

fn full_name(node: &str) -> Option<DomainName> {
    DomainName::parse(node).ok().filter(|name| name.as_str().contains('.'))
}

/// Lets this process have as many descriptors open as the system allows: each connection takes one or two, and the
/// usual 1,024 are fewer than the connections that the configuration allows.
pub(crate) fn raise_descriptors_max() {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    if let Err(error) = setrlimit(Resource::Nofile, raised) {
        tracing::warn!(%error, "the limit of open files stays at {:?}", limit.current);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nameless_machine_is_localhost() {
        assert_eq!(DomainName::parse(NAMELESS).unwrap().as_str(), "localhost");
    }

    #[test]
    fn only_a_name_with_a_dot_says_who_we_are() {
        assert_eq!(full_name("MX.Example.org").unwrap().as_str(), "mx.example.org");
        for node in ["box", "", "192.0.2.1", "two words.example", "(none)"] {
            assert_eq!(full_name(node), None, "{node}");
        }
    }
}
