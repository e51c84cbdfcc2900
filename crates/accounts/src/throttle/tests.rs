//! Who is stopped and who is not, over the tries of many.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use proptest::prelude::*;

use super::*;

fn at(secs: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + secs).unwrap()
}

fn address(n: u32) -> IpAddr {
    IpAddr::from(Ipv4Addr::from(n))
}

fn stranger(from: u32, person: u64, password: u8) -> [Door; 3] {
    [
        Door::source(address(from)),
        Door::account(&format!("{person}@acme.example")),
        Door::password([password; 32]),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// The owner comes from a browser that is known; strangers try the account from wherever, as often as they like.
    #[test]
    fn a_stranger_never_locks_the_owner_out(
        tries in proptest::collection::vec((0u32..500, 0u64..5, any::<u8>(), 0i64..3), 1..600),
    ) {
        let mut throttle = Throttle::default();
        let mut now = 0;
        for (from, person, password, pause) in tries {
            now += pause;
            let _ = throttle.admit(&stranger(from, person, password), at(now));
            let owner = [Door::device([9; 32])];
            prop_assert!(throttle.admit(&owner, at(now)).is_ok());
            throttle.give_back(&owner);
        }
    }

    /// One account, any number of networks: the tries in an hour stay below the burst and what an hour gives.
    #[test]
    fn an_account_is_tried_seldom_however_many_try(
        tries in proptest::collection::vec((any::<u32>(), any::<u8>(), 0i64..10), 1..800),
    ) {
        let mut throttle = Throttle::default();
        let (mut now, mut admitted) = (0, 0);
        for (from, password, pause) in tries {
            now += pause;
            admitted += i64::from(throttle.admit(&stranger(from, 1, password), at(now)).is_ok());
        }
        prop_assert!(admitted <= 10 + now / 120 + 1);
    }

    /// Spraying: the same password over 200 accounts, each from another network.
    #[test]
    fn one_password_over_many_accounts_from_many_networks_is_stopped(
        start in any::<u32>(), pauses in proptest::collection::vec(0i64..5, 200),
    ) {
        let mut throttle = Throttle::default();
        let (mut now, mut admitted) = (0, 0);
        for (person, pause) in (0u32..).zip(pauses) {
            now += pause;
            let doors = stranger(start.wrapping_add(person), u64::from(person), 7);
            admitted += i64::from(throttle.admit(&doors, at(now)).is_ok());
        }
        prop_assert!(admitted <= 20 + now / 600 + 1, "{admitted} of 200");
    }
}

#[test]
fn a_whole_ipv6_network_is_one_source() {
    let of = |text: &str| Door::source(IpAddr::from(text.parse::<Ipv6Addr>().unwrap()));
    assert_eq!(of("2001:db8::1"), of("2001:db8::ffff:1"));
    assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
    assert_eq!(of("::ffff:192.0.2.1"), Door::source("192.0.2.1".parse().unwrap()));
}

#[test]
fn who_logs_in_gets_their_tries_back_and_a_refusal_takes_from_no_door() {
    let mut throttle = Throttle::default();
    for _ in 0..1_000 {
        throttle.admit(&stranger(1, 1, 1), at(0)).unwrap();
        throttle.give_back(&stranger(1, 1, 1));
    }
    while throttle.admit(&stranger(1, 1, 1), at(0)).is_ok() {}
    // The account is empty, the network is not: another account can still be tried from there.
    for _ in 0..5 {
        assert!(throttle.admit(&stranger(1, 1, 2), at(0)).is_err());
    }
    assert!(throttle.admit(&stranger(1, 2, 2), at(0)).is_ok());
    throttle.lift(&[Door::account("1@acme.example")]);
    assert!(throttle.admit(&stranger(1, 1, 2), at(0)).is_ok());
}
