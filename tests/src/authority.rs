//! Time-stamp authorities for tests, made by `openssl`: a root, an authority below it, and certificates that sign.
//! Where the program is not there the tests say so and pass, unless `ZAPYS_REQUIRE_SERVERS=1`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A folder in which `openssl` plays the authority.
pub struct Authority {
    folder: tempfile::TempDir,
}

const CONFIG: &str = r#"
[req]
distinguished_name = name
prompt = no
[name]
CN = unused
[ca_ext]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
[tsa_ext]
basicConstraints = CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = critical,timeStamping
subjectKeyIdentifier = hash
[lax_ext]
basicConstraints = CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = timeStamping
subjectKeyIdentifier = hash
[both_ext]
basicConstraints = CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = critical,timeStamping,codeSigning
subjectKeyIdentifier = hash
[tsa]
default_tsa = own
[own]
serial = serial
default_policy = 1.2.3.4.1
other_policies = 1.2.3.4.5
digests = sha256, sha384, sha512
signer_digest = sha256
accuracy = secs:1
ess_cert_id_alg = sha256
[ca]
default_ca = old
[old]
database = index.txt
new_certs_dir = .
rand_serial = yes
default_md = sha256
policy = any
crl_number = crlnumber
default_crl_days = 30
[any]
commonName = supplied
"#;

impl Authority {
    /// A root `root.pem`, an authority `middle.pem` below it, another root `other.pem` of the same name.
    pub fn new() -> Option<Self> {
        if Command::new("openssl").arg("version").output().is_err() {
            assert!(!crate::servers_are_required(), "openssl is required and not installed");
            println!("skipped: openssl is not installed");
            return None;
        }
        let this = Self { folder: tempfile::tempdir().expect("a folder") };
        this.put("ts.cnf", CONFIG.as_bytes());
        this.put("serial", b"01\n");
        this.put("index.txt", b"");
        this.put("crlnumber", b"01\n");
        for root in ["root", "other"] {
            this.must(&format!("genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out {root}.key"));
            this.must(&format!(
                "req -x509 -new -key {root}.key -subj /CN=Root -days 7300 -config ts.cnf -extensions ca_ext -out {root}.pem"
            ));
        }
        this.key("middle", "EC -pkeyopt ec_paramgen_curve:P-384");
        this.certify("middle", "root", "ca_ext", 3650);
        Some(this)
    }
    /// The folder.
    pub fn dir(&self) -> &Path {
        self.folder.path()
    }
    /// A file in it.
    pub fn path(&self, name: &str) -> PathBuf {
        self.dir().join(name)
    }
    /// Writes a file.
    pub fn put(&self, name: &str, bytes: &[u8]) {
        fs::write(self.path(name), bytes).expect("writes");
    }
    /// Reads a file.
    pub fn get(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
    }
    /// Runs `openssl`; true where it succeeded.
    pub fn run(&self, line: &str) -> bool {
        let out = Command::new("openssl").args(line.split_whitespace()).current_dir(self.dir()).output().expect("openssl runs");
        println!("openssl {line}: {}", String::from_utf8_lossy(&out.stderr).trim_end());
        out.status.success()
    }
    /// The same; the test fails where it did not succeed.
    pub fn must(&self, line: &str) {
        assert!(self.run(line), "openssl {line}");
    }
    /// Makes `NAME.key`.
    pub fn key(&self, name: &str, algorithm: &str) {
        self.must(&format!("genpkey -algorithm {algorithm} -out {name}.key"));
    }
    /// Gives `name` a certificate by `issuer`, valid from now for `days`.
    pub fn certify(&self, name: &str, issuer: &str, extensions: &str, days: u32) {
        self.must(&format!("req -new -key {name}.key -subj /CN={name} -config ts.cnf -out {name}.csr"));
        self.must(&format!(
            "x509 -req -in {name}.csr -CA {issuer}.pem -CAkey {issuer}.key -set_serial 0x{} -days {days} \
             -extfile ts.cnf -extensions {extensions} -out {name}.pem",
            hex(name.as_bytes())
        ));
    }
    /// The same with dates that are given, `YYYYMMDDhhmmssZ`.
    pub fn certify_between(&self, name: &str, issuer: &str, from: &str, until: &str) {
        self.must(&format!("req -new -key {name}.key -subj /CN={name} -config ts.cnf -out {name}.csr"));
        self.must(&format!(
            "ca -batch -notext -config ts.cnf -in {name}.csr -cert {issuer}.pem -keyfile {issuer}.key -startdate {from} \
             -enddate {until} -extensions tsa_ext -out {name}.pem"
        ));
    }
    /// Answers `request` (a file) as the authority `name` into `NAME.tsr`; `chain`: what goes in beside its certificate.
    pub fn reply(&self, request: &str, name: &str, chain: Option<&str>, out: &str) {
        let chain = chain.map(|c| format!(" -chain {c}")).unwrap_or_default();
        self.must(&format!(
            "ts -reply -queryfile {request} -inkey {name}.key -signer {name}.pem{chain} -config ts.cnf -out {out}"
        ));
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}
