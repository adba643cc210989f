#include "storage/s3_error.hpp"

#include <algorithm>
#include <array>

#include "stash/base/time.hpp"
#include "storage/s3_region.hpp"
#include "storage/xml.hpp"

namespace stash::storage {
namespace {

struct Row {
  std::string_view code;
  ErrorKind kind;
  std::string_view advice;
};

constexpr std::array kTable{
    Row{"NoSuchKey", ErrorKind::NotFound, "no such object"},
    Row{"NoSuchBucket", ErrorKind::Invalid, "the bucket does not exist: create it or correct its name"},
    Row{"InvalidBucketName", ErrorKind::Invalid, "the bucket name is not valid"},
    Row{"PreconditionFailed", ErrorKind::Conflict, "the object exists already"},
    Row{"ConditionalRequestConflict", ErrorKind::Unavailable, "another writer was at the same name"},
    Row{"OperationAborted", ErrorKind::Unavailable, "another operation was at the same name"},
    Row{"AccessDenied", ErrorKind::Denied,
        "access denied: the credentials need s3:GetObject, PutObject, DeleteObject and ListBucket here"},
    Row{"ObjectLocked", ErrorKind::Denied, "a retention or a legal hold protects it"},
    Row{"InvalidAccessKeyId", ErrorKind::Denied, "the service does not know AWS_ACCESS_KEY_ID"},
    Row{"SignatureDoesNotMatch", ErrorKind::Denied, "the signature is refused: check AWS_SECRET_ACCESS_KEY"},
    Row{"ExpiredToken", ErrorKind::Denied, "the session token has expired"},
    Row{"InvalidToken", ErrorKind::Denied, "the session token is not valid"},
    Row{"RequestTimeTooSkewed", ErrorKind::Denied, "the clocks differ too much: set this machine's clock"},
    Row{"AuthorizationHeaderMalformed", ErrorKind::Invalid, "the region is wrong"},
    Row{"PermanentRedirect", ErrorKind::Invalid,
        "the bucket lives at another endpoint: check region and endpoint"},
    Row{"TemporaryRedirect", ErrorKind::Unavailable, "the bucket is being moved"},
    Row{"QuotaExceeded", ErrorKind::Exhausted, "the quota is used up"},
    Row{"XMinioStorageFull", ErrorKind::Exhausted, "the service's disk is full"},
    Row{"EntityTooLarge", ErrorKind::Exhausted, "the object is too large for the service"},
    Row{"BadDigest", ErrorKind::Unavailable, "the bytes were damaged on the way"},
    Row{"XAmzContentChecksumMismatch", ErrorKind::Unavailable, "the bytes were damaged on the way"},
    Row{"IncompleteBody", ErrorKind::Unavailable, "the bytes did not arrive whole"},
    Row{"RequestTimeout", ErrorKind::Unavailable, "the service waited too long"},
    Row{"SlowDown", ErrorKind::Unavailable, "the service asks to slow down"},
    Row{"InternalError", ErrorKind::Unavailable, "the service had an internal error"},
    Row{"ServiceUnavailable", ErrorKind::Unavailable, "the service is busy"},
    Row{"NotImplemented", ErrorKind::Unsupported, "the service does not know this request"},
};

ErrorKind kind_of_status(int status) {
  if (status == 404) return ErrorKind::NotFound;
  if (status == 401 || status == 403) return ErrorKind::Denied;
  if (status == 409) return ErrorKind::Unavailable;
  if (status == 412) return ErrorKind::Conflict;
  if (status == 501) return ErrorKind::Unsupported;
  if (status == 507) return ErrorKind::Exhausted;
  if (status == 408 || status == 425 || status == 429 || status >= 500) return ErrorKind::Unavailable;
  return ErrorKind::Invalid;
}

}  // namespace

S3Fault read_fault(int status, const net::Headers& headers, std::string_view body) {
  S3Fault fault;
  fault.status = status;
  fault.region = net::header(headers, "x-amz-bucket-region");
  if (body.find("<Error>") == body.npos && body.find("<Error ") == body.npos) return fault;
  try {
    const XmlElement root = parse_xml(body);
    fault.code = root.child_text("Code");
    fault.message = root.child_text("Message");
    if (fault.region.empty()) fault.region = root.child_text("Region");
    if (fault.region.empty()) fault.region = region_of_host(root.child_text("Endpoint"));
    if (fault.region.empty()) fault.region = region_of_constraint(fault.message);
  } catch (const Error&) {
    // A cut answer still has a status to go by.
  }
  return fault;
}

Error to_error(const S3Fault& fault, std::string_view what) {
  for (const Row& row : kTable)
    if (row.code == fault.code)
      return Error(row.kind, "{}: {} ({}{})", what, row.advice, fault.code,
                   fault.region.empty() ? "" : ", region " + fault.region);
  const std::string detail = fault.code.empty() ? "" : fmt::format(" {}: {}", fault.code, fault.message);
  return Error(kind_of_status(fault.status), "{}: HTTP status {}{}", what, fault.status, detail);
}

Error to_delete_error(S3Fault fault, std::string_view what) {
  if (fault.code == "InvalidRequest") fault.code = "ObjectLocked";
  return to_error(fault, what);
}

std::string region_taught_by(const S3Fault& fault, std::string_view asked) {
  static constexpr std::array<std::string_view, 4> kAboutRegion{
      "AuthorizationHeaderMalformed", "IllegalLocationConstraintException", "PermanentRedirect",
      ""};  // the answer to a HEAD has no body
  const bool about_region = (fault.status == 301 || fault.status == 400) &&
                            std::ranges::find(kAboutRegion, fault.code) != kAboutRegion.end();
  return about_region && fault.region != asked ? fault.region : "";
}

std::string describe_lock(const net::Headers& headers) {
  if (net::header(headers, "x-amz-object-lock-legal-hold") == "ON") return "a legal hold is on it";
  const auto until = parse_time(net::header(headers, "x-amz-object-lock-retain-until-date"));
  return until ? fmt::format("it is locked until {}", format_time(*until)) : "";
}

}  // namespace stash::storage
