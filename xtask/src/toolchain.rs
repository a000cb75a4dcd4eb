//! A compiler for wasm, on any machine, in one of three ways.
//!
//! 1. The target is installed beside the compiler in use.
//! 2. rustup installs it.
//! 3. The distribution's packages: a compiler with the source of std, which is built along.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::process::{apt_install, capture, capture_within, find};
use crate::progress::{Step, say};
use crate::workspace;

/// A way to compile for wasm on this machine.
pub(crate) struct Toolchain {
    way: Way,
    /// The source of std lies beside the compiler: it can be built along, smaller.
    has_std_source: bool,
}

#[derive(Clone, Copy, PartialEq)]
enum Way {
    Installed,
    Distribution,
}

/// How a panic ends.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Panic {
    /// With a message, then a trap that the worker's shim sees and answers with a fresh instance.
    Abort,
    /// With a trap alone: std without its formatting of panics, 5 KB less after brotli.
    ImmediateAbort,
}

impl Toolchain {
    /// Finds a way, or makes one.
    pub(crate) fn set_up() -> Result<Toolchain> {
        let forced = env::var("SEAWALL_TOOLCHAIN").ok();
        match forced.as_deref() {
            None | Some("") => Self::first_that_works(),
            Some("1") if Self::target_installed() => Ok(Self::installed()),
            Some("1") => {
                bail!("SEAWALL_TOOLCHAIN=1, but the target is missing; type: rustup target add {TARGET}")
            }
            Some("2") => Self::by_rustup(),
            Some("3") => Self::by_distribution(),
            Some(other) => bail!("SEAWALL_TOOLCHAIN={other}: it may be 1, 2 or 3"),
        }
    }

    fn first_that_works() -> Result<Toolchain> {
        if Self::target_installed() {
            return Ok(Self::installed());
        }
        if refused(TARGET) && Self::distribution_ready() {
            return Self::by_distribution();
        }
        match Self::by_rustup() {
            Ok(toolchain) => Ok(toolchain),
            Err(refusal) => {
                say(format!("  {}; taking the distribution's packages", first_line(&refusal)));
                let toolchain = Self::by_distribution().context(
                    "no compiler for wasm: install rustup and type `rustup target add wasm32-unknown-unknown`, \
                     or use Debian's packages",
                )?;
                remember_refusal(TARGET)?;
                Ok(toolchain)
            }
        }
    }

    fn target_installed() -> bool {
        capture(Command::new("rustc").args(["--print", "target-libdir", "--target", TARGET]))
            .is_ok_and(|printed| Path::new(printed.stdout.trim()).is_dir())
    }

    fn installed() -> Toolchain {
        let sysroot = capture(Command::new("rustc").args(["--print", "sysroot"]));
        let sysroot = sysroot.map(|printed| printed.stdout).unwrap_or_default();
        let source = Path::new(sysroot.trim()).join(STD_SOURCE);
        if !source.is_file() && !refused("rust-src") {
            // Without it everything works, and what visitors download is 5 KB larger.
            if let Err(refusal) = rustup(&["component", "add", "rust-src"]) {
                say(format!("  without the source of std: {}", first_line(&refusal)));
                let _ = remember_refusal("rust-src");
            }
        }
        Toolchain { way: Way::Installed, has_std_source: source.is_file() }
    }

    fn by_rustup() -> Result<Toolchain> {
        rustup(&["target", "add", TARGET])?;
        Ok(Self::installed())
    }

    fn by_distribution() -> Result<Toolchain> {
        if !Self::distribution_ready() {
            apt_install(&["rustc-web", "cargo-web", "rust-web-src", "lld"], "a compiler for wasm")?;
        }
        if !Self::distribution_ready() {
            bail!(
                "the packages rustc-web, cargo-web, rust-web-src and lld lack /usr/bin/cargo, the source of std or wasm-ld"
            );
        }
        Ok(Toolchain { way: Way::Distribution, has_std_source: true })
    }

    fn distribution_ready() -> bool {
        let parts = [Path::new("/usr/bin/cargo"), Path::new("/usr/bin/rustc"), Path::new("/usr/bin/wasm-ld")];
        parts.iter().all(|part| part.is_file()) && Path::new("/usr").join(STD_SOURCE).is_file()
    }

    /// Flags and compilers differ, and cargo would rebuild everything at each change of them: one folder for each.
    pub(crate) fn name(&self, panic: Panic) -> &'static str {
        match (self.way, panic) {
            (Way::Installed, _) if !self.builds_std(panic) => "wasm",
            (Way::Installed, _) => "wasm-std",
            (Way::Distribution, Panic::Abort) => "wasm-distribution",
            (Way::Distribution, Panic::ImmediateAbort) => "wasm-distribution-std",
        }
    }

    fn builds_std(&self, panic: Panic) -> bool {
        self.way == Way::Distribution || (self.has_std_source && panic == Panic::ImmediateAbort)
    }

    /// Compiles one crate and returns its wasm.
    pub(crate) fn compile(
        &self,
        package: &str,
        feature: Option<&str>,
        profile: &str,
        panic: Panic,
    ) -> Result<PathBuf> {
        let target_dir = workspace::output().join(self.name(panic));
        let build_std = self.builds_std(panic);
        let mut command = match self.way {
            Way::Installed => Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into())),
            Way::Distribution => {
                let mut command = Command::new("/usr/bin/cargo");
                let path = env::var("PATH").unwrap_or_default();
                command
                    .env("PATH", format!("/usr/bin:{path}"))
                    .env("RUSTC", "/usr/bin/rustc")
                    .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", "wasm-ld")
                    // `cargo xtask` points it at the libraries of the other compiler.
                    .env_remove("LD_LIBRARY_PATH");
                command
            }
        };
        command.args([
            "build",
            "--quiet",
            "--locked",
            "--package",
            package,
            "--profile",
            profile,
            "--target",
            TARGET,
        ]);
        command.args(feature.iter().flat_map(|feature| ["--features", feature]));
        command.arg("--target-dir").arg(&target_dir).current_dir(workspace::root());
        command.env_remove("CARGO_ENCODED_RUSTFLAGS").env("RUSTFLAGS", "");
        if build_std {
            // The switch for unstable options on a stable compiler; std is built for this one project.
            command.env("RUSTC_BOOTSTRAP", "1").arg("-Zbuild-std=std,panic_abort");
            if panic == Panic::ImmediateAbort {
                command.env("RUSTFLAGS", SMALLEST).arg("-Zbuild-std-features=optimize_for_size");
            }
        }
        let step = Step::begin(format!("compile {package} to wasm"));
        let printed = capture(&mut command)?;
        step.done();
        // With --quiet cargo prints warnings alone.
        eprint!("{}", printed.stderr);
        let file = format!("{}.wasm", package.replace('-', "_"));
        Ok(target_dir.join(TARGET).join(profile).join(file))
    }
}

/// Bounded: where only package registries are reachable, rustup may wait instead of failing.
fn rustup(arguments: &[&str]) -> Result<()> {
    let rustup = find("rustup").context("there is no rustup")?;
    let what = format!("rustup {}", arguments.join(" "));
    let step = Step::begin(&what);
    capture_within(Command::new(rustup).args(arguments), Some(Duration::from_secs(120)))
        .with_context(|| format!("`{what}` is refused"))?;
    step.done();
    Ok(())
}

/// A refusal is remembered for this compiler: rustup would try the network on every build.
fn refused(what: &str) -> bool {
    fs::read_to_string(refusals(what)).is_ok_and(|compiler| compiler == compiler_version())
}

fn remember_refusal(what: &str) -> Result<()> {
    workspace::write_changed(&refusals(what), compiler_version().as_bytes())
}

fn refusals(what: &str) -> PathBuf {
    workspace::output().join(format!("rustup-refused-{what}"))
}

fn compiler_version() -> String {
    capture(Command::new("rustc").arg("-vV")).map(|printed| printed.stdout).unwrap_or_default()
}

fn first_line(error: &anyhow::Error) -> String {
    format!("{error:#}").lines().next().unwrap_or_default().to_owned()
}

const TARGET: &str = "wasm32-unknown-unknown";

/// What a browser never shows costs nothing: where a panic was, and what `{:?}` prints (it prints nothing).
const SMALLEST: &str = "-Zunstable-options -Cpanic=immediate-abort -Zlocation-detail=none -Zfmt-debug=none";

/// Below the sysroot; there only with rustup's `rust-src` or the distribution's `rust-web-src`.
const STD_SOURCE: &str = "lib/rustlib/src/rust/library/Cargo.lock";
