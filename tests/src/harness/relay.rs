//! A way out of a network namespace: what connects to an address inside is connected to the same
//! address outside.

use std::{
    fs::File,
    io,
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    os::fd::AsRawFd as _,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread,
    time::Duration,
};

use anyhow::{Context as _, Result};

/// Pause between two looks at the listener.
const LOOK: Duration = Duration::from_millis(5);

/// Works until dropped.
#[derive(Debug)]
pub struct Relay {
    stop: Arc<AtomicBool>,
}

impl Relay {
    /// Out of the network namespace of a process.
    ///
    /// # Errors
    /// If it cannot be entered or the address is taken in it.
    pub fn start(pid: u32, address: SocketAddr) -> Result<Self> {
        let (listening, listener) = mpsc::channel();
        // A thread of its own: it does not come back.
        thread::spawn(move || listening.send(listen_inside(pid, address)));
        let listener = listener.recv()?.context("cannot listen inside")?;
        listener.set_nonblocking(true)?;
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        thread::spawn(move || {
            while !stopped.load(Ordering::Relaxed) {
                match listener.accept() {
                    Ok((inside, _)) => {
                        // Who cannot be connected is hung up on.
                        let _ = connect(inside, address);
                    }
                    Err(_) => thread::sleep(LOOK),
                }
            }
        });
        Ok(Self { stop })
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

/// A socket stays in the namespace that it was made in.
fn listen_inside(pid: u32, address: SocketAddr) -> io::Result<TcpListener> {
    let namespace = File::open(format!("/proc/{pid}/ns/net"))?;
    // SAFETY: takes a descriptor that is open and a number; changes this thread only.
    if unsafe { libc::setns(namespace.as_raw_fd(), libc::CLONE_NEWNET) } != 0 {
        return Err(io::Error::last_os_error());
    }
    TcpListener::bind(address)
}

fn connect(inside: TcpStream, address: SocketAddr) -> io::Result<()> {
    inside.set_nonblocking(false)?;
    let outside = TcpStream::connect(address)?;
    for stream in [&inside, &outside] {
        stream.set_nodelay(true)?;
    }
    pump(inside.try_clone()?, outside.try_clone()?);
    pump(outside, inside);
    Ok(())
}

fn pump(mut from: TcpStream, mut to: TcpStream) {
    thread::spawn(move || {
        let _ = io::copy(&mut from, &mut to);
        let _ = to.shutdown(Shutdown::Write);
    });
}
