#include "stash/base/error.hpp"

#include <cerrno>
#include <cstring>

namespace stash {

std::string_view to_string(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::NotFound:
      return "not found";
    case ErrorKind::Conflict:
      return "conflict";
    case ErrorKind::Invalid:
      return "invalid";
    case ErrorKind::Denied:
      return "denied";
    case ErrorKind::Unavailable:
      return "unavailable";
    case ErrorKind::Exhausted:
      return "exhausted";
    case ErrorKind::Corrupt:
      return "corrupt";
    case ErrorKind::Unsupported:
      return "unsupported";
    case ErrorKind::Cancelled:
      return "cancelled";
    case ErrorKind::Internal:
      return "internal";
  }
  return "internal";
}

namespace {

ErrorKind kind_of(int code) {
  switch (code) {
    case ENOENT:
    case ENOTDIR:
      return ErrorKind::NotFound;
    case EEXIST:
      return ErrorKind::Conflict;
    case EACCES:
    case EPERM:
    case EROFS:
      return ErrorKind::Denied;
    case ENOSPC:
    case EDQUOT:
    case EMFILE:
    case ENFILE:
    case ENOMEM:
      return ErrorKind::Exhausted;
    case EINVAL:
    case ENAMETOOLONG:
    case ELOOP:
    case EISDIR:
    case EFBIG:
      return ErrorKind::Invalid;
    case ENOTSUP:
    case ENOSYS:
      return ErrorKind::Unsupported;
    case ECANCELED:
      return ErrorKind::Cancelled;
    default:
      return ErrorKind::Unavailable;
  }
}

}  // namespace

Error errno_error(int code, std::string_view what) {
  return Error(kind_of(code), "{}: {}", what, std::strerror(code));
}

}  // namespace stash
