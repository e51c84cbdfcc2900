//! Replies as a hostile or broken remote writes them.

use proptest::prelude::*;

use super::super::*;

fn limits() -> SenderLimits {
    SenderLimits {
        reply_line_bytes_max: 40,
        reply_lines_max: 4,
        reply_bytes_max: 100,
        ..SenderLimits::default()
    }
}

/// The replies in `bytes`, up to a fault.
fn read(bytes: &[u8], lengths: &[usize]) -> Vec<Result<RawReply, ReplyFault>> {
    let (mut reader, mut found, mut rest) = (ReplyReader::new(&limits()), Vec::new(), bytes);
    for length in lengths.iter().chain(&[bytes.len()]) {
        let (mut piece, tail) = rest.split_at((*length).min(rest.len()));
        rest = tail;
        while let Some(reply) = reader.next(&mut piece) {
            let is_fault = reply.is_err();
            found.push(reply);
            assert!(reader.held_bytes() <= 140, "more is held than the limits allow");
            if is_fault {
                return found;
            }
        }
        assert!(reader.held_bytes() <= 140, "more is held than the limits allow");
    }
    found
}

#[track_caller]
fn check(bytes: &[u8], expected: &[Result<(u16, &[&str]), ReplyFault>]) {
    let expected: Vec<_> = expected
        .iter()
        .map(|reply| {
            reply.map(|(code, lines)| RawReply {
                code,
                lines: lines.iter().map(|&line| line.to_owned()).collect(),
            })
        })
        .collect();
    for cut in 0..=bytes.len() {
        assert_eq!(read(bytes, &[cut]), expected, "cut at {cut}");
    }
    assert_eq!(read(bytes, &vec![1; bytes.len()]), expected, "byte by byte");
}

#[test]
fn lines_of_one_code_are_one_reply() {
    check(b"250-a\r\n250-\r\n250 b\r\n354 c\r\n", &[Ok((250, &["a", "", "b"])), Ok((354, &["c"]))]);
    check(b"250\r\n250-\r\n250\r\n", &[Ok((250, &[""])), Ok((250, &["", ""]))]);
    check(b"250 a\n250 b\r\n", &[Ok((250, &["a"])), Ok((250, &["b"]))]);
    check(b"250 a\rb\r\r\n", &[Ok((250, &["a\rb\r"]))]);
    check(b"250 \xff\xc3\xbc\r\n", &[Ok((250, &["?\u{fc}"]))]);
    check(b"250-a\r\n250 b", &[]);
}

#[test]
fn octets_that_are_no_text_take_no_more_room_than_they_took_on_the_wire() {
    let mut reader = ReplyReader::new(&limits());
    let bytes = [b"250-", &[0xff; 30][..], b"\r\n"].concat();
    assert_eq!(reader.next(&mut &bytes[..]), None);
    assert_eq!(reader.held_bytes(), 30);
}

#[test]
fn what_has_no_code_is_no_reply() {
    use ReplyFault::NoCode;
    for line in [
        "HTTP/1.1 400 Bad Request",
        "",
        "25",
        "250x",
        "150 a",
        "650 a",
        "2a0 a",
        " 250 a",
        "250_a",
        "\u{fc}50 a",
    ] {
        check(format!("{line}\r\n250 ok\r\n").as_bytes(), &[Err(NoCode)]);
    }
    check(b"250-a\r\nb\r\n", &[Err(NoCode)]);
}

#[test]
fn a_reply_with_two_codes_is_none() {
    check(b"250-a\r\n550 b\r\n", &[Err(ReplyFault::MixedCodes)]);
}

#[test]
fn promise_9_endless_replies_are_given_up() {
    check(&[b"250 ", &[b'x'; 34][..], b"\r\n"].concat(), &[Ok((250, &["x".repeat(34).as_str()]))]);
    check(&[b"250 ", &[b'x'; 35][..], b"\r\n"].concat(), &[Err(ReplyFault::LineTooLong)]);
    check(&[b'2'; 41], &[Err(ReplyFault::LineTooLong)]);
    check(&b"250-x\r\n".repeat(5), &[Err(ReplyFault::TooManyLines)]);
    check(&[b"250-", &[b'x'; 30][..], b"\r\n"].concat().repeat(3), &[Err(ReplyFault::TooLong)]);
}

#[test]
fn promise_9_a_remote_that_never_ends_its_line_is_no_burden() {
    let mut sender = Sender::new(super::transcript::settings(TlsWish::Never));
    sender.input(&vec![b'2'; 100_000]);
    let Some(SenderOutput::Failed(failure)) = sender.poll() else { panic!("a failure") };
    assert_eq!(failure.to_string(), "The server doesn't speak SMTP (greeting): an endless line.");
    assert!(failure.is_temporary());
    assert_eq!((sender.poll(), sender.poll()), (Some(SenderOutput::Close), None));
}

fn dialogue() -> impl Strategy<Value = Vec<u8>> {
    let fragments = prop::sample::select(vec![
        &b"220 mx.example\r\n"[..],
        b"250 ok\r\n",
        b"250-x\r\n250-PIPELINING\r\n250-STARTTLS\r\n250-DSN\r\n250 SMTPUTF8\r\n",
        b"250-x\r\n250-SIZE 3\r\n250-AUTH LOGIN PLAIN\r\n250 8BITMIME\r\n",
        b"354 go\r\n",
        b"334 \r\n",
        b"235 2.7.0 hi\r\n",
        b"550 5.1.1 nobody\r\n",
        b"451-4.1.1 later\r\n451 4.1.1 perhaps\r\n",
        b"503 5.5.1 what\r\n",
        b"502 what\r\n",
        b"421 4.3.2 bye\r\n",
        b"250",
        b"-",
        b" ",
        b"\r",
        b"\n",
        b"x",
        b"\0",
        b"\xff",
    ]);
    let openings =
        prop::sample::select(vec!["", "220 x\r\n250 x\r\n", "220 x\r\n250-x\r\n250 PIPELINING\r\n"]);
    (any::<u8>(), openings, prop::collection::vec(fragments, 0..40))
        .prop_map(|(way, opening, fragments)| [&[way], opening.as_bytes(), &fragments.concat()].concat())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_reply_depends_on_how_the_bytes_are_cut(
        data in dialogue(),
        lengths in prop::collection::vec(1..20usize, 0..40),
    ) {
        prop_assert_eq!(read(&data, &lengths), read(&data, &[]));
    }

    #[test]
    fn promise_9_no_remote_breaks_a_bound(data in dialogue()) {
        crate::fuzzing::fuzz_sender(&data);
    }

    #[test]
    fn promise_9_no_bytes_break_a_bound(data in prop::collection::vec(any::<u8>(), 0..2000)) {
        crate::fuzzing::fuzz_sender(&data);
    }
}
