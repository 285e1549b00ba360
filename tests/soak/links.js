// Reads links, one a line, with otplib and otpauth; writes what each says of them, one line of JSON a link.
const { createRequire } = require("node:module");
const load = createRequire(`${process.argv[2]}/`);
const otplib = load("@otplib/uri");
const otpauth = load("otpauth");

function withOtplib(link) {
  const { type, label, params } = otplib.parse(link);
  const prefix = `${params.issuer}:`;
  return {
    kind: type,
    name: params.issuer !== undefined && label.startsWith(prefix) ? label.slice(prefix.length) : label,
    issuer: params.issuer ?? null,
    secret: params.secret,
    algorithm: (params.algorithm ?? "sha1").toUpperCase(),
    digits: params.digits ?? 6,
    moving: type === "hotp" ? params.counter : (params.period ?? 30),
  };
}

function withOtpauth(link) {
  const otp = otpauth.URI.parse(link);
  const kind = otp instanceof otpauth.HOTP ? "hotp" : "totp";
  return {
    kind,
    name: otp.label,
    issuer: otp.issuer || null,
    secret: otp.secret.base32,
    algorithm: otp.algorithm,
    digits: otp.digits,
    moving: kind === "hotp" ? otp.counter : otp.period,
  };
}

function attempt(read, link) {
  try {
    return read(link);
  } catch (error) {
    return { error: String(error) };
  }
}

const links = require("node:fs").readFileSync(0, "utf8").split("\n").filter(Boolean);
for (const link of links) {
  console.log(JSON.stringify({ otplib: attempt(withOtplib, link), otpauth: attempt(withOtpauth, link) }));
}
