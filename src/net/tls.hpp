#pragma once

#include <boost/asio/ssl/context.hpp>

#include "net/stream.hpp"
#include "stash/base/error.hpp"

namespace stash::net {

struct TlsContext::Impl {
  explicit Impl(const TlsOptions& options);

  boost::asio::ssl::context context;
  std::string server_name;  ///< empty: the host that is connected to
  bool insecure;
};

/// Denied where the failure says that one side does not trust the other, else Unavailable.
ErrorKind tls_kind(const boost::system::error_code& failure);

/// The sentence for a handshake that failed; tells why a certificate was not trusted.
Error handshake_error(SSL* connection, const boost::system::error_code& failure, std::string_view peer);

}  // namespace stash::net
