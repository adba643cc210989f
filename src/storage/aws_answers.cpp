#include "storage/aws_answers.hpp"

#include <array>

#include "stash/json/value.hpp"
#include "storage/xml.hpp"

namespace stash::storage {
namespace {

struct Refusal {
  std::string_view code;
  ErrorKind kind;
  std::string_view advice;
};

constexpr std::array kRefusals{
    Refusal{"AccessDenied", ErrorKind::Denied,
            "the role's trust policy does not allow the identity in AWS_WEB_IDENTITY_TOKEN_FILE"},
    Refusal{"InvalidIdentityToken", ErrorKind::Denied,
            "the account of the role knows no identity provider that issued AWS_WEB_IDENTITY_TOKEN_FILE"},
    Refusal{"ExpiredTokenException", ErrorKind::Denied,
            "the token in AWS_WEB_IDENTITY_TOKEN_FILE has expired"},
    Refusal{"RegionDisabledException", ErrorKind::Invalid, "the service is not enabled in this region"},
    Refusal{"IDPCommunicationError", ErrorKind::Unavailable, "the identity provider did not answer it"},
    Refusal{"Throttling", ErrorKind::Unavailable, "the service asks to slow down"},
};

/// Throws Error(Corrupt) unless there is a whole key pair.
TemporaryCredentials checked(std::string_view access_key, std::string_view secret_key, std::string_view token,
                             std::string_view expires) {
  TemporaryCredentials out;
  out.credentials.access_key = access_key;
  out.credentials.secret_key = Secret(std::string(secret_key));
  out.credentials.session_token = Secret(std::string(token));
  out.expires = parse_time(expires);
  if (access_key.empty() || secret_key.empty() || (!expires.empty() && !out.expires))
    throw Error(ErrorKind::Corrupt, "the answer holds no credentials");
  return out;
}

json::Document parsed(std::string_view text) {
  try {
    return json::parse(text, "the answer");
  } catch (const Error& e) {
    throw Error(ErrorKind::Corrupt, "{}", e.what());
  }
}

std::string refusal_code(std::string_view xml) {
  try {
    const XmlElement root = parse_xml(xml);
    const XmlElement* error = root.child("Error");
    return std::string(error ? error->child_text("Code") : "");
  } catch (const Error&) {
    return "";  // the status is left to go by
  }
}

}  // namespace

TemporaryCredentials read_sts_answer(std::string_view xml) {
  const XmlElement root = parse_xml(xml);
  const XmlElement* result = root.child("AssumeRoleWithWebIdentityResult");
  const XmlElement* found = result ? result->child("Credentials") : nullptr;
  if (!found) throw Error(ErrorKind::Corrupt, "the answer holds no credentials");
  return checked(found->child_text("AccessKeyId"), found->child_text("SecretAccessKey"),
                 found->child_text("SessionToken"), found->child_text("Expiration"));
}

Error sts_refusal(int status, std::string_view xml, std::string_view what) {
  const std::string code = refusal_code(xml);
  for (const Refusal& row : kRefusals)
    if (row.code == code) return Error(row.kind, "{}: {} ({})", what, row.advice, code);
  const ErrorKind kind = status >= 500 || status == 429 ? ErrorKind::Unavailable : ErrorKind::Denied;
  return Error(kind, "{}: HTTP status {}{}{}", what, status, code.empty() ? "" : " ", code);
}

TemporaryCredentials read_credentials_json(std::string_view text) {
  const json::Document root = parsed(text);
  const std::string_view code = json::text(root, "Code");
  if (!code.empty() && code != "Success") throw Error(ErrorKind::Denied, "it gives no credentials: {}", code);
  return checked(json::text(root, "AccessKeyId"), json::text(root, "SecretAccessKey"),
                 json::text(root, "Token"), json::text(root, "Expiration"));
}

}  // namespace stash::storage
