//! Starting other programs: to the end, with a deadline, or as a child that never outlives us.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::Read;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Resource, Rlimit, Signal};

/// Runs a program to its end and returns what it printed; if it fails, the error shows the end of it.
pub(crate) fn capture(command: &mut Command) -> Result<Printed> {
    capture_within(command, None)
}

/// The same with a deadline, for programs that may wait for a network that is not there.
pub(crate) fn capture_within(command: &mut Command, deadline: Option<Duration>) -> Result<Printed> {
    let name = name(command);
    tie_to_us(command);
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("{name} does not start"))?;
    let stdout = collect(child.stdout.take().expect("piped"));
    let stderr = collect(child.stderr.take().expect("piped"));
    let began = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        if deadline.is_some_and(|deadline| began.elapsed() > deadline) {
            child.kill()?;
            child.wait()?;
            bail!("{name} gave no answer in {} s", began.elapsed().as_secs());
        }
        thread::sleep(Duration::from_millis(5));
    };
    let printed =
        Printed { stdout: stdout.join().unwrap_or_default(), stderr: stderr.join().unwrap_or_default() };
    if !status.success() {
        let all = format!("{}{}", printed.stdout, printed.stderr);
        bail!("{name} failed ({}):\n{}", how(status), last_lines(&all, 60));
    }
    Ok(printed)
}

/// What a program printed.
pub(crate) struct Printed {
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// A server that we started and that ends with us, whatever ends us.
pub(crate) struct Server {
    pub(crate) name: &'static str,
    pub(crate) log: PathBuf,
    child: Child,
}

impl Server {
    /// Its output goes to a file: a pipe would block it when nobody reads.
    pub(crate) fn start(name: &'static str, command: &mut Command, log: PathBuf) -> Result<Server> {
        if let Some(folder) = log.parent() {
            fs::create_dir_all(folder)?;
        }
        let file = File::create(&log).with_context(|| format!("{} cannot be written", log.display()))?;
        tie_to_us(command);
        let child = command
            .stdin(Stdio::null())
            .stdout(file.try_clone()?)
            .stderr(file)
            // A group of its own: Ctrl-C reaches us alone, and we stop the servers in order.
            .process_group(0)
            .spawn()
            .with_context(|| format!("the {name} does not start"))?;
        Ok(Server { name, log, child })
    }

    /// An error with the end of the log, once it has died.
    pub(crate) fn check(&mut self) -> Result<()> {
        match self.child.try_wait()? {
            None => Ok(()),
            Some(status) => {
                bail!("the {} died ({}); the end of its log:\n{}", self.name, how(status), self.tail())
            }
        }
    }

    pub(crate) fn tail(&self) -> String {
        format!(
            "{}\n(the whole of it: {})",
            last_lines(&fs::read_to_string(&self.log).unwrap_or_default(), 20),
            self.log.display()
        )
    }

    /// Asks it to end, and insists after a while.
    pub(crate) fn stop(&mut self) {
        if let Some(pid) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw) {
            let _ = rustix::process::kill_process(pid, Signal::TERM);
        }
        let began = Instant::now();
        while began.elapsed() < Duration::from_secs(3) {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            thread::sleep(Duration::from_millis(10));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Lets the kernel kill the child when we die, SIGKILL included. Call it on the main thread: the signal follows the
/// thread that started the child.
#[allow(unsafe_code)]
pub(crate) fn tie_to_us(command: &mut Command) {
    let parent = rustix::process::getpid();
    let tie = move || {
        rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
        // We may have died between the fork and the line above.
        if rustix::process::getppid() != Some(parent) {
            return Err(std::io::Error::other("the starter is gone"));
        }
        Ok(())
    };
    // SAFETY: between fork and exec the closure makes two system calls, and allocates only when it gives up.
    unsafe {
        command.pre_exec(tie);
    }
}

/// workerd holds 2 file descriptors per idle conversation and 5 while it is active; the usual 1,024 end at 200.
pub(crate) fn raise_descriptor_limit() {
    let limit = rustix::process::getrlimit(Resource::Nofile);
    let _ = rustix::process::setrlimit(
        Resource::Nofile,
        Rlimit { current: limit.maximum, maximum: limit.maximum },
    );
}

/// The first program of this name on PATH.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    std::env::split_paths(&std::env::var_os("PATH")?)
        .map(|folder| folder.join(program))
        .find(|path| path.is_file())
}

/// Installs packages of the distribution; refuses with the command to type where we may not.
pub(crate) fn apt_install(packages: &[&str], what_for: &str) -> Result<()> {
    let list = packages.join(" ");
    let mend = format!("apt-get install --no-install-recommends {list}");
    let Some(apt) = find("apt-get") else {
        bail!("{what_for} is missing: install it (on Debian or Ubuntu: {mend})");
    };
    let apt_get = |arguments: &[&str]| -> Result<()> {
        let mut command = if rustix::process::geteuid().is_root() {
            Command::new(&apt)
        } else {
            let mut sudo = Command::new("sudo");
            // -n: never ask for a password, nobody may be there.
            sudo.arg("-n").arg(&apt);
            sudo
        };
        capture_within(
            command.args(arguments).env("DEBIAN_FRONTEND", "noninteractive"),
            Some(Duration::from_secs(900)),
        )
        .map(drop)
    };
    let step = crate::progress::Step::begin(format!("install {list}"));
    // A failing update may come from one unreachable source; the install decides.
    let _ = apt_get(&["update"]);
    let mut install = vec!["install", "--yes", "--no-install-recommends"];
    install.extend(packages);
    apt_get(&install)
        .with_context(|| format!("{what_for} is missing and could not be installed; type: sudo {mend}"))?;
    step.done();
    Ok(())
}

/// How a process ended, in words.
pub(crate) fn how(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit code {code}"),
        (None, Some(signal)) => format!("signal {signal}"),
        (None, None) => "unknown end".to_owned(),
    }
}

fn name(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or(command.get_program());
    let arguments = command.get_args().take(3).map(OsStr::to_string_lossy);
    std::iter::once(program.to_string_lossy()).chain(arguments).collect::<Vec<_>>().join(" ")
}

fn collect(mut pipe: impl Read + Send + 'static) -> thread::JoinHandle<String> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = pipe.read_to_end(&mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

fn last_lines(text: &str, count: usize) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(count)..].join("\n")
}
