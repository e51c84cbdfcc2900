//! The sessions, all in one thread: it waits for whichever socket has something to say.
//!
//! Why not a thread each: on the two processors that the server needs too, switching between threads costs more than
//! sending does. Sockets are watched edge-triggered, so that watching them takes one call per connection and no more.

use std::io::{self, IoSlice, Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::os::fd::OwnedFd;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use rustix::buffer::spare_capacity;
use rustix::event::{Timespec, epoll};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, connect, ipproto, socket_with};
use rustix::time::{ClockId, clock_gettime};

use super::connection::{Next, Session};
use super::mails::{HELLO, Mail, Mails};
use super::report::{Outcome, Report};
use super::{Connections, Delivery};

/// A server that says nothing to anyone for this long is taken for dead.
const SILENCE_SECS_MAX: i64 = 60;
/// Sessions come from this many addresses, as mail comes from many servers.
const SOURCES: usize = 200;
/// A kept connection is renewed after this many mails, as mail servers do, before the other side asks for it.
const MAILS_PER_CONNECTION_MAX: u32 = 500;
/// One read takes this much.
const READ_BYTES: usize = 16 * 1024;

/// Sends every mail, and tells how that went.
pub(crate) fn send(mails: &Mails, delivery: Delivery) -> Result<Report> {
    let mut client = Client {
        mails,
        delivery,
        epoll: epoll::create(epoll::CreateFlags::CLOEXEC).context("epoll")?,
        started: 0,
        report: Report::new(mails.count()),
    };
    let processor_before = processor_secs();
    let clock = Instant::now();
    client.run()?;
    client.report.seconds = clock.elapsed().as_secs_f64();
    client.report.processor_secs = processor_secs() - processor_before;
    Ok(client.report.finished())
}

/// Of this thread, which does all of the sending: others here read what the server under test says.
fn processor_secs() -> f64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    #[expect(clippy::cast_precision_loss, reason = "seconds since the thread began")]
    let secs = time.tv_sec as f64 + time.tv_nsec as f64 / 1e9;
    secs
}

struct Client<'a> {
    mails: &'a Mails,
    delivery: Delivery,
    epoll: OwnedFd,
    /// How many mails were begun: the number of the next one.
    started: usize,
    report: Report,
}

/// An open connection and the mail that goes over it.
struct Connection {
    socket: TcpStream,
    session: Session,
    mail: Mail,
    number: usize,
    begun: Instant,
    /// How many mails went over it.
    mails: u32,
    /// What is being written.
    writing: Writing,
    /// How much of it is.
    written: usize,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Writing {
    Nothing,
    Hello,
    Commands(std::ops::Range<usize>),
    /// With `QUIT` or without.
    Body(Connections),
}

impl Client<'_> {
    fn run(&mut self) -> Result<()> {
        let mut slots: Vec<Option<Connection>> = Vec::new();
        for slot in 0..self.delivery.sessions {
            slots.push(self.open(slot)?);
        }
        let mut events = Vec::with_capacity(self.delivery.sessions);
        while slots.iter().any(Option::is_some) {
            events.clear();
            let timeout = Timespec { tv_sec: SILENCE_SECS_MAX, tv_nsec: 0 };
            match epoll::wait(&self.epoll, spare_capacity(&mut events), Some(&timeout)) {
                Ok(0) => bail!("the server said nothing for {SILENCE_SECS_MAX} s"),
                Err(Errno::INTR) => continue,
                other => other.context("epoll")?,
            };
            for event in &events {
                let slot = event.data.u64() as usize;
                if let Some(place) = slots.get_mut(slot) {
                    self.serve(slot, place)?;
                }
            }
        }
        Ok(())
    }

    /// Goes on with one connection; puts a new one in its place where it is done.
    fn serve(&mut self, slot: usize, place: &mut Option<Connection>) -> Result<()> {
        let Some(connection) = place else { return Ok(()) };
        match self.go_on(connection) {
            Ok(Life::Open) => return Ok(()),
            Ok(Life::Done) => {}
            Err(error) => self.report.count(connection.number, Outcome::Failed(error.to_string())),
        }
        *place = self.open(slot)?;
        Ok(())
    }

    /// A connection for the next mail, if there is one.
    fn open(&mut self, slot: usize) -> Result<Option<Connection>> {
        let Some((number, mail)) = self.next_mail() else {
            return Ok(None);
        };
        let begun = Instant::now();
        let socket = self.connect(slot).with_context(|| format!("connecting to {}", self.delivery.to))?;
        let session = Session::new();
        Ok(Some(Connection {
            socket,
            session,
            mail,
            number,
            begun,
            mails: 0,
            writing: Writing::Nothing,
            written: 0,
        }))
    }

    fn next_mail(&mut self) -> Option<(usize, Mail)> {
        let number = self.started;
        (number < self.mails.count()).then(|| {
            self.started += 1;
            (number, self.mails.mail(number))
        })
    }

    fn connect(&self, slot: usize) -> io::Result<TcpStream> {
        let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
        let socket = socket_with(AddressFamily::INET, SocketType::STREAM, flags, Some(ipproto::TCP))?;
        if self.delivery.to.ip().is_loopback() {
            bind(&socket, &SocketAddr::new(source(slot), 0))?;
        }
        match connect(&socket, &self.delivery.to) {
            Ok(()) | Err(Errno::INPROGRESS) => {}
            Err(error) => return Err(error.into()),
        }
        let watched = epoll::EventFlags::IN | epoll::EventFlags::OUT | epoll::EventFlags::ET;
        epoll::add(&self.epoll, &socket, epoll::EventData::new_u64(slot as u64), watched)?;
        let socket = TcpStream::from(socket);
        socket.set_nodelay(true)?;
        Ok(socket)
    }

    /// Reads, answers and writes until the socket has no more to give or take.
    fn go_on(&mut self, connection: &mut Connection) -> Result<Life> {
        if connection.writing != Writing::Nothing {
            connection.flush(self.mails)?;
        }
        let mut buffer = [0; READ_BYTES];
        loop {
            let read = match connection.socket.read(&mut buffer) {
                Ok(0) => bail!("the server closed the connection"),
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(Life::Open),
                Err(error) => return Err(error.into()),
            };
            connection.session.hear(buffer.get(..read).unwrap_or_default());
            if self.answer(connection)? == Life::Done {
                return Ok(Life::Done);
            }
            // A short read has emptied the socket; the next bytes are a new edge.
            if read < READ_BYTES {
                return Ok(Life::Open);
            }
        }
    }

    /// What happens to the connection after the mail that it carries now.
    fn after(&self, connection: &Connection) -> Connections {
        let worn_out = connection.mails + 1 >= MAILS_PER_CONNECTION_MAX;
        if worn_out { Connections::PerMail } else { self.delivery.connections }
    }

    /// Does what the replies ask for.
    fn answer(&mut self, connection: &mut Connection) -> Result<Life> {
        let mut next = connection.session.next();
        loop {
            match next {
                Next::Wait => return Ok(Life::Open),
                Next::Hello => connection.write(Writing::Hello, self.mails)?,
                Next::Commands(which) => connection.write(Writing::Commands(which), self.mails)?,
                Next::Body => connection.write(Writing::Body(self.after(connection)), self.mails)?,
                Next::Accepted => {
                    let latency = connection.begun.elapsed();
                    self.report.count(connection.number, Outcome::Accepted(latency));
                    if self.after(connection) == Connections::PerMail {
                        connection.session.quit();
                    } else {
                        let Some((number, mail)) = self.next_mail() else {
                            return Ok(Life::Done);
                        };
                        (connection.number, connection.mail) = (number, mail);
                        connection.begun = Instant::now();
                        connection.mails += 1;
                        next = connection.session.again();
                        continue;
                    }
                }
                Next::Closed => return Ok(Life::Done),
                Next::Refused(reply) => bail!(reply),
            }
            next = connection.session.next();
        }
    }
}

/// Whether a connection goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Life {
    Open,
    Done,
}

/// 127.0.0.2 and on: the whole of 127.0.0.0/8 is this machine.
fn source(slot: usize) -> IpAddr {
    let last = u8::try_from(2 + slot % SOURCES).unwrap_or(1);
    IpAddr::V4(Ipv4Addr::new(127, 0, 0, last))
}

impl Connection {
    fn write(&mut self, what: Writing, mails: &Mails) -> io::Result<()> {
        self.writing = what;
        self.written = 0;
        self.flush(mails)
    }

    /// Writes on, as far as the socket takes it.
    fn flush(&mut self, mails: &Mails) -> io::Result<()> {
        let hello = format!("EHLO {HELLO}\r\n");
        let parts: [&[u8]; 4] = match &self.writing {
            Writing::Nothing => return Ok(()),
            Writing::Hello => [hello.as_bytes(), b"", b"", b""],
            Writing::Commands(which) => {
                let mut parts: [&[u8]; 4] = [b""; 4];
                for (at, (part, command)) in parts.iter_mut().zip(&self.mail.commands).enumerate() {
                    if which.contains(&at) {
                        *part = command.as_bytes();
                    }
                }
                parts
            }
            Writing::Body(after) => [
                self.mail.head.as_bytes(),
                mails.body(&self.mail.body),
                Mails::tail(&self.mail.body).as_bytes(),
                if *after == Connections::PerMail { b".\r\nQUIT\r\n" } else { b".\r\n" },
            ],
        };
        let whole: usize = parts.iter().map(|part| part.len()).sum();
        while self.written < whole {
            let mut slices = parts.map(IoSlice::new);
            let mut left = slices.as_mut_slice();
            IoSlice::advance_slices(&mut left, self.written);
            match (&self.socket).write_vectored(left) {
                Ok(written) => self.written += written,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        self.writing = Writing::Nothing;
        Ok(())
    }
}
