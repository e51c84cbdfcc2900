//! A mail server that writes to us, command by command.

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufReader};

/// A client on any stream.
pub(super) struct Client<S> {
    stream: BufReader<S>,
}

impl<S: tokio::io::AsyncRead + AsyncWrite + Unpin> Client<S> {
    pub(super) fn new(stream: S) -> Self {
        Self { stream: BufReader::new(stream) }
    }

    /// One that was greeted and said EHLO.
    pub(super) async fn greeted(stream: S) -> Self {
        let mut client = Self::new(stream);
        assert_eq!(client.reply().await, "220 mx.example ESMTP\r\n");
        let hello = client.say("EHLO mail.customer.example\r\n").await;
        assert!(hello.starts_with("250-mx.example\r\n"), "{hello}");
        client
    }

    pub(super) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).await.unwrap();
        self.stream.flush().await.unwrap();
    }

    /// The next reply, all its lines; empty when the server has closed.
    pub(super) async fn reply(&mut self) -> String {
        let mut reply = String::new();
        loop {
            let begin = reply.len();
            let read = self.stream.read_line(&mut reply).await.unwrap_or(0);
            if read == 0 || reply.as_bytes().get(begin + 3) != Some(&b'-') {
                return reply;
            }
        }
    }

    pub(super) async fn say(&mut self, command: &str) -> String {
        self.send(command).await;
        self.reply().await
    }

    /// Says commands, each of which must get the reply that begins so.
    pub(super) async fn expect(&mut self, dialogue: &[(&str, &str)]) {
        for (command, reply) in dialogue {
            let said = self.say(&format!("{command}\r\n")).await;
            assert!(said.starts_with(reply), "{command}: {said}");
        }
    }

    /// Up to where the content is awaited.
    pub(super) async fn begin(&mut self, recipients: &[&str]) {
        self.expect(&[("MAIL FROM:<anna@customer.example>", "250 2.1.0 ")]).await;
        for recipient in recipients {
            self.expect(&[(&format!("RCPT TO:<{recipient}>"), "250 2.1.5 ")]).await;
        }
        self.expect(&[("DATA", "354 ")]).await;
    }

    /// A whole mail; answers the last reply.
    pub(super) async fn mail(&mut self, recipients: &[&str], content: &str) -> String {
        self.begin(recipients).await;
        self.say(&format!("{content}.\r\n")).await
    }

    /// That the server has said its last word and closed.
    pub(super) async fn is_closed(&mut self) -> bool {
        self.stream.read(&mut [0; 1]).await.map_or(true, |read| read == 0)
    }

    pub(super) fn into_stream(self) -> S {
        self.stream.into_inner()
    }
}

/// A small mail with this subject.
pub(super) fn letter(subject: &str) -> String {
    format!(
        "From: Anna <anna@customer.example>\r\nTo: support@demo.example\r\nSubject: {subject}\r\n\
         Message-ID: <{subject}@customer.example>\r\n\r\nHello, it does not work.\r\n"
    )
}

/// A mail of about this size, in lines of 64 octets.
pub(super) fn large_letter(subject: &str, bytes: usize) -> String {
    let line = format!("{}\r\n", "x".repeat(62));
    letter(subject) + &line.repeat(bytes / line.len())
}
