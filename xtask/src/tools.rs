//! Programs pinned by lock files, kept in a per-user cache: npm packages, cargo-deny, cargo-fuzz, and browsers.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::process::{apt_install, capture, capture_within, find};
use crate::progress::Step;
use crate::workspace;

/// The npm packages of `xtask/tools/package-lock.json`.
pub(crate) struct Tools {
    modules: PathBuf,
}

impl Tools {
    /// Installs them once per lock file.
    pub(crate) fn set_up() -> Result<Tools> {
        Ok(Tools { modules: npm_packages("xtask/tools", "workerd, esbuild, wasm-opt and wrangler")? })
    }

    pub(crate) fn workerd(&self) -> Result<PathBuf> {
        self.binary("@cloudflare/workerd-linux", "64", "arm64", "workerd")
    }

    pub(crate) fn esbuild(&self) -> Result<PathBuf> {
        self.binary("@esbuild/linux", "x64", "arm64", "esbuild")
    }

    /// wrangler needs Node 22, more than distributions bring; a package brings that as well.
    pub(crate) fn node(&self) -> Result<PathBuf> {
        self.binary("node-linux", "x64", "arm64", "node")
    }

    /// The binaries lie in one package per platform; the launchers around them would each start a Node.
    fn binary(&self, package: &str, x64: &str, arm64: &str, name: &str) -> Result<PathBuf> {
        let platform = match (env::consts::OS, env::consts::ARCH) {
            ("linux", "x86_64") => x64,
            ("linux", "aarch64") => arm64,
            (os, architecture) => {
                bail!("{name} for {os} on {architecture} is not set up: use Linux on x86-64 or ARM64")
            }
        };
        let path = self.modules.join(format!("{package}-{platform}/bin/{name}"));
        if !path.is_file() {
            bail!(
                "{} is missing; type: rm -r {}",
                path.display(),
                self.modules.parent().unwrap_or(&path).display()
            );
        }
        Ok(path)
    }

    pub(crate) fn axe(&self) -> PathBuf {
        self.modules.join("axe-core/axe.min.js")
    }

    pub(crate) fn wasm_opt(&self) -> Result<Command> {
        self.script("binaryen/bin/wasm-opt")
    }

    pub(crate) fn tsc(&self) -> Result<Command> {
        self.script("typescript/bin/tsc")
    }

    pub(crate) fn wrangler(&self) -> Result<Command> {
        self.script("wrangler/bin/wrangler.js")
    }

    fn script(&self, path: &str) -> Result<Command> {
        let mut command = Command::new(self.node()?);
        command.arg(self.modules.join(path));
        Ok(command)
    }
}

/// Chat widgets to measure ours against (`xtask/bench-packages/package-lock.json`): the folder of their packages.
pub(crate) fn other_widgets() -> Result<PathBuf> {
    npm_packages("xtask/bench-packages", "the chat widgets to compare with")
}

/// Installs a folder's npm packages, once per lock file; returns where they are.
fn npm_packages(folder: &str, what: &str) -> Result<PathBuf> {
    let source = workspace::root().join(folder);
    let lock_file =
        fs::read(source.join("package-lock.json")).with_context(|| format!("{folder}/package-lock.json"))?;
    let cache = workspace::cache()?;
    let installed = cache.join(format!("npm-{}", workspace::hash(&lock_file, 16)));
    let modules = installed.join("node_modules");
    let complete = installed.join("complete");
    if complete.is_file() {
        return Ok(modules);
    }
    let _lock = workspace::lock(&cache.join("npm.lock"), "another installation of npm packages")?;
    if complete.is_file() {
        return Ok(modules);
    }
    let npm = find("npm").with_context(|| {
        format!(
            "Node.js with npm is missing, which installs {what}: install it (on Debian or Ubuntu: sudo \
             apt-get install nodejs npm)"
        )
    })?;
    let step = Step::begin(format!("install {what} from npm"));
    fs::create_dir_all(&installed)?;
    for name in ["package.json", "package-lock.json", ".npmrc"] {
        fs::copy(source.join(name), installed.join(name)).with_context(|| format!("{folder}/{name}"))?;
    }
    // Install scripts would fetch binaries from elsewhere; the packages for this platform already bring them.
    let flags = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
    capture_within(Command::new(npm).args(flags).current_dir(&installed), Some(Duration::from_secs(900)))
        .with_context(|| format!("{what} could not be installed; is the npm registry within reach?"))?;
    fs::write(complete, "")?;
    step.done();
    Ok(modules)
}

pub(crate) fn cargo_deny() -> Result<PathBuf> {
    from_crates("cargo-deny", "0.20.2")
}

pub(crate) fn cargo_fuzz() -> Result<PathBuf> {
    from_crates("cargo-fuzz", "0.13.2")
}

/// A program of the crate registry, built once per version.
fn from_crates(name: &str, version: &str) -> Result<PathBuf> {
    let cache = workspace::cache()?;
    let folder = cache.join(format!("{name}-{version}"));
    let program = folder.join("bin").join(name);
    if program.is_file() {
        return Ok(program);
    }
    let lock = cache.join(format!("{name}.lock"));
    let _lock = workspace::lock(&lock, &format!("another installation of {name}"))?;
    if !program.is_file() {
        let step = Step::begin(format!("build {name} {version}, once for this user"));
        // Unoptimised: it does its work in a second all the same, and builds in a third of the time.
        let flags = ["install", "--quiet", "--locked", "--debug", "--version", version, "--root"];
        capture(Command::new("cargo").args(flags).arg(&folder).arg(name))
            .with_context(|| format!("{name} could not be built; is the crate registry within reach?"))?;
        step.done();
    }
    Ok(program)
}

/// A browser and the WebDriver of the same version.
pub(crate) struct Browser {
    pub(crate) chromium: PathBuf,
    pub(crate) chromedriver: PathBuf,
}

impl Browser {
    /// An installed Chrome or Chromium, otherwise the distribution's package.
    pub(crate) fn set_up() -> Result<Browser> {
        if Self::find().is_none() {
            apt_install(&["chromium", "chromium-driver"], "Chromium with its ChromeDriver")?;
        }
        let browser = Self::find().context(
            "Chromium with its ChromeDriver is missing: install both, or name them in SEAWALL_CHROMIUM and SEAWALL_CHROMEDRIVER",
        )?;
        let (chromium, chromedriver) =
            (major_version(&browser.chromium)?, major_version(&browser.chromedriver)?);
        if chromium != chromedriver {
            bail!(
                "{} is version {chromium}, {} is version {chromedriver}: install the same version of both",
                browser.chromium.display(),
                browser.chromedriver.display()
            );
        }
        Ok(browser)
    }

    fn find() -> Option<Browser> {
        let named = |variable: &str| env::var_os(variable).map(PathBuf::from).filter(|path| path.is_file());
        let chromium = named("SEAWALL_CHROMIUM").or_else(|| {
            ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"]
                .iter()
                .find_map(|name| find(name))
        });
        let chromedriver = named("SEAWALL_CHROMEDRIVER").or_else(|| find("chromedriver")).or_else(|| {
            Some(PathBuf::from("/usr/lib/chromium-browser/chromedriver")).filter(|path| path.is_file())
        });
        Some(Browser { chromium: chromium?, chromedriver: chromedriver? })
    }
}

/// Firefox, with the driver that Mozilla publishes as a crate.
pub(crate) struct Firefox {
    pub(crate) firefox: PathBuf,
    pub(crate) geckodriver: PathBuf,
}

impl Firefox {
    /// An installed one, otherwise the distribution's package.
    pub(crate) fn set_up() -> Result<Firefox> {
        if Self::find().is_none() {
            apt_install(&["firefox-esr"], "Firefox")?;
        }
        let firefox =
            Self::find().context("Firefox is missing: install it, or name it in SEAWALL_FIREFOX")?;
        let named = env::var_os("SEAWALL_GECKODRIVER").map(PathBuf::from).filter(|path| path.is_file());
        let geckodriver = match named.or_else(|| find("geckodriver")) {
            Some(found) => found,
            None => from_crates("geckodriver", "0.37.1")?,
        };
        Ok(Firefox { firefox, geckodriver })
    }

    fn find() -> Option<PathBuf> {
        let named = env::var_os("SEAWALL_FIREFOX").map(PathBuf::from).filter(|path| path.is_file());
        named.or_else(|| ["firefox-esr", "firefox"].iter().find_map(|name| find(name)))
    }
}

/// `Chromium 156.0.8078.79 built on Debian` and `ChromeDriver 156.0.8078.79 (…)` both say 156.
fn major_version(program: &Path) -> Result<u32> {
    let printed = capture(Command::new(program).arg("--version"))?.stdout;
    printed
        .split_whitespace()
        .find_map(|word| word.split_once('.')?.0.parse().ok())
        .with_context(|| format!("{} does not tell its version: {printed}", program.display()))
}
