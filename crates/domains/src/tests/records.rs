//! Records of every release decode for ever: the octets of each stand in `records/`, in hex.

use guichet_store::record;
use jiff::Timestamp;

use crate::check::{Look, State};
use crate::record::Purpose;
use crate::watched::{Watched, WatchedRecord};

fn octets(hex: &str) -> Vec<u8> {
    data_encoding::HEXLOWER.decode(hex.trim().as_bytes()).unwrap()
}

fn watched() -> Watched {
    let at = |second: i64| Some(Timestamp::from_second(1_767_225_600 + second).unwrap());
    let look = Look { state: State::Different, found: vec!["10 a.example".into()], advice: "Do.".into() };
    let record = WatchedRecord {
        purpose: Purpose::Mx,
        name: "acme.example".into(),
        value: "10 mx.desk.example".into(),
        look,
        was_fine: true,
        failures: 2,
        is_broken: true,
    };
    Watched { records: vec![record], checked: at(0), next: at(600), rounds: 3 }
}

#[test]
fn what_is_watched_of_the_first_release_is_read() {
    let bytes = octets(include_str!("records/watched-1.hex"));
    assert_eq!(record::decode::<Watched>(&bytes).unwrap(), watched());
    assert_eq!(record::encode(&watched()), bytes);
}
