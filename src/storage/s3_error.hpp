#pragma once

#include <string>
#include <string_view>

#include "stash/base/error.hpp"
#include "stash/net/http.hpp"

namespace stash::storage {

/// What an unsuccessful S3 answer says; members are empty where it does not.
struct S3Fault {
  int status = 0;
  std::string code;  ///< "NoSuchKey", "AccessDenied" ...
  std::string message;
  std::string region;  ///< that the bucket lives in, when the answer names one

  S3Fault() {}
};

/// Reads an answer with a status of 300 and above; a body that is no XML is passed over.
S3Fault read_fault(int status, const net::Headers& headers, std::string_view body);

/// The fault as the room's edge tells it: kind by what the caller can do, and a sentence with what to check.
Error to_error(const S3Fault& fault, std::string_view what);

/// The same for the answer to a DELETE: a version that is locked is refused as a wrong request by some
/// services.
Error to_delete_error(S3Fault fault, std::string_view what);

/// The region that the answer to a request signed for `asked` names instead; "" where it names none, or where
/// the region is not what it refuses.
std::string region_taught_by(const S3Fault& fault, std::string_view asked);

/// "it is locked until 2027-01-01T00:00:00Z", "a legal hold is on it", or "" for an object's headers.
std::string describe_lock(const net::Headers& headers);

}  // namespace stash::storage
