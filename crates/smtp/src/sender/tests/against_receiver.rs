//! Our two machines, wired together in memory.

use proptest::prelude::*;

use super::super::*;
use super::transcript::{settings, transaction};
use crate::{
    Answer, BodyType, Envelope, Limits, Output, Question, Receiver, Settings, StartTls, TlsSession, replies,
};

/// Both ends, and what came of it.
struct Pair {
    sender: Sender,
    receiver: Receiver,
    content: Vec<u8>,
    mails: Vec<(Envelope, Vec<u8>)>,
    results: Vec<TransactionResult>,
    /// What is still to be sent: paths and options, content, octets of a piece.
    queue: Vec<(Transaction, Vec<u8>, usize)>,
    is_over: bool,
}

impl Pair {
    #[expect(
        clippy::disallowed_methods,
        reason = "an Instant can't be made otherwise; it is never asked again"
    )]
    fn new(starttls: StartTls, tls: TlsWish, queue: Vec<(Transaction, Vec<u8>, usize)>) -> Self {
        let host = "mx.example".to_owned();
        let receiver_settings = Settings { host, starttls, limits: Limits::default() };
        let mut receiver = Receiver::new(receiver_settings, std::time::Instant::now());
        receiver.connected("192.0.2.1:4321".parse().expect("an address"));
        let sender = Sender::new(settings(tls));
        let (content, mails, results) = (Vec::new(), Vec::new(), Vec::new());
        Self { sender, receiver, content, mails, results, queue, is_over: false }
    }

    fn run(mut self) -> Self {
        while !self.is_over {
            let moved = [self.receiver_moves(), self.sender_moves()];
            assert!(moved.contains(&true) || self.is_over, "both wait for ever");
        }
        self
    }

    fn sender_moves(&mut self) -> bool {
        let Some(output) = self.sender.poll() else { return false };
        match output {
            SenderOutput::Send(bytes) => self.receiver.input(&bytes),
            SenderOutput::StartTls => {
                let (version, cipher) = ("TLSv1.3".to_owned(), "TLS13_AES_128_GCM_SHA256".to_owned());
                self.receiver.tls(TlsSession { version, cipher, server_name: None });
                self.sender.tls_started();
            }
            SenderOutput::Ready => match self.queue.get(self.results.len()) {
                Some((transaction, ..)) => self.sender.begin(transaction),
                None => self.sender.quit(),
            },
            SenderOutput::WantBody => {
                let (_, content, piece) = &self.queue[self.results.len()];
                content.chunks(*piece).for_each(|piece| self.sender.body(piece));
                self.sender.body_end();
            }
            SenderOutput::Done(result) => self.results.push(result),
            SenderOutput::Failed(failure) => panic!("{failure}"),
            SenderOutput::Close => self.is_over = true,
        }
        true
    }

    fn receiver_moves(&mut self) -> bool {
        let Some(output) = self.receiver.poll() else { return false };
        match output {
            Output::Send(bytes) => self.sender.input(&bytes),
            Output::Ask(Question::Recipient(recipient))
                if recipient.path.to_string().starts_with("nobody@") =>
            {
                self.receiver.answer(Answer::Reply(replies::unknown_mailbox()));
            }
            Output::Ask(_) => self.receiver.answer(Answer::Accept),
            Output::Body(piece) => self.content.extend(piece),
            Output::BodyAbandoned => self.content.clear(),
            Output::BodyEnd(envelope) => {
                self.mails.push((*envelope, std::mem::take(&mut self.content)));
                self.receiver.answer(Answer::Accept);
            }
            Output::StartTls | Output::Close => {}
        }
        true
    }
}

fn mail(content: &[u8]) -> (Transaction, Vec<u8>, usize) {
    (transaction("a@us.example b@mx.example"), content.to_vec(), 7)
}

#[test]
fn awkward_contents_arrive_as_they_were() {
    let contents: [&[u8]; 8] = [
        b"Subject: x\r\n\r\nhello\r\n",
        b"",
        b"\r\n",
        b".\r\n",
        b"..\r\n.\r\n\r\n.\r\n",
        b"x\r\n.\r\nMAIL FROM:<c@us.example>\r\n",
        b"\0\xff\r\n",
        b"a.\r\n.b\r\n",
    ];
    let pair = Pair::new(StartTls::Offered, TlsWish::Required, contents.map(mail).to_vec()).run();
    let arrived: Vec<&[u8]> = pair.mails.iter().map(|(_, content)| content.as_slice()).collect();
    assert_eq!(arrived, contents);
    assert!(pair.results.iter().all(TransactionResult::is_accepted));
    assert!(pair.mails.iter().all(|(envelope, _)| envelope.tls.is_some()));
}

#[test]
fn a_missing_last_line_end_is_all_that_is_added() {
    let pair = Pair::new(StartTls::Absent, TlsWish::IfOffered, vec![mail(b"."), mail(b"a\r\nb")]).run();
    let arrived: Vec<&[u8]> = pair.mails.iter().map(|(_, content)| content.as_slice()).collect();
    assert_eq!(arrived, [&b".\r\n"[..], b"a\r\nb\r\n"]);
}

#[test]
fn a_refused_recipient_leaves_the_connection_to_the_next() {
    let refused = (transaction("a@us.example nobody@mx.example"), b"x\r\n".to_vec(), 1);
    let queue = vec![refused.clone(), mail(b"1\r\n"), refused.clone(), refused, mail(b"2\r\n")];
    let pair = Pair::new(StartTls::Offered, TlsWish::IfOffered, queue).run();
    let accepted: Vec<bool> = pair.results.iter().map(TransactionResult::is_accepted).collect();
    assert_eq!(accepted, [false, true, false, false, true]);
    let result = &pair.results[0];
    assert!(
        result.is_permanent()
            && result.stage == Stage::RcptTo
            && result.to_string().starts_with("550 5.1.1 ")
    );
    assert_eq!(pair.mails.len(), 2);
}

#[test]
fn the_envelope_arrives_as_it_was() {
    let utf8 = transaction("jörg@us.example \"a_b\"@mx.example 8bit utf8 size=3");
    let pair = Pair::new(StartTls::Offered, TlsWish::Never, vec![(utf8.clone(), b"x\r\n".to_vec(), 1)]).run();
    let (envelope, _) = &pair.mails[0];
    assert_eq!((&envelope.reverse_path, &envelope.recipients[0].path), (&utf8.reverse_path, &utf8.recipient));
    assert_eq!(envelope.parameters.size, Some(3));
    assert!(envelope.parameters.smtputf8 && envelope.parameters.body == BodyType::EightBitMime);
    assert!(envelope.tls.is_none());
}

/// Lines and their ends, so that dots stand at many starts.
fn content() -> impl Strategy<Value = Vec<u8>> {
    let fragments = prop::sample::select(vec![&b"\r\n"[..], b".", b"..", b"x", b"x.\r\n.", b"\xff", b"\0"]);
    prop::collection::vec(fragments, 0..30).prop_map(|fragments| fragments.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_content_arrives_as_it_was(content in content(), piece in 1..10usize) {
        let queue = vec![(transaction("a@us.example b@mx.example"), content.clone(), piece)];
        let pair = Pair::new(StartTls::Absent, TlsWish::IfOffered, queue).run();
        let mut expected = content;
        if !expected.is_empty() && !expected.ends_with(b"\r\n") {
            expected.extend(b"\r\n");
        }
        prop_assert_eq!(&pair.mails[0].1, &expected);
        prop_assert!(pair.results[0].is_accepted());
    }
}
