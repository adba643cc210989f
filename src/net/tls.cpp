#include "net/tls.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/ssl/error.hpp>

#include <openssl/err.h>
#include <openssl/sslerr.h>
#include <openssl/x509_vfy.h>

#include <array>
#include <cstdlib>
#include <filesystem>

#include "stash/base/error.hpp"

namespace stash::net {

namespace asio = boost::asio;
namespace ssl = asio::ssl;

namespace {

/// Where distributions keep the roots; a scratch image has none unless it ships one.
constexpr std::array kBundles{"/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt",
                              "/etc/ssl/ca-bundle.pem", "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
                              "/etc/ssl/cert.pem"};

std::string system_bundle() {
  if (const char* named = std::getenv("SSL_CERT_FILE"); named && *named) return named;
  std::error_code ignored;
  for (const char* path : kBundles) {
    if (std::filesystem::exists(path, ignored)) return path;
  }
  return {};
}

void check(const boost::system::error_code& failure, std::string_view what) {
  if (failure) throw Error(ErrorKind::Invalid, "{}: {}", what, failure.message());
}

asio::const_buffer buffer(std::string_view text) { return {text.data(), text.size()}; }

void trust(ssl::context& context, const TlsOptions& options) {
  boost::system::error_code failure;
  if (options.insecure) {
    context.set_verify_mode(ssl::verify_none, failure);
    return;
  }
  context.set_verify_mode(ssl::verify_peer, failure);
  if (!options.ca_pem.empty()) {
    if (options.ca_pem.find("-----BEGIN") == std::string::npos) {
      throw Error(ErrorKind::Invalid, "CA certificates: the text holds no PEM block");
    }
    context.add_certificate_authority(buffer(options.ca_pem), failure);
    check(failure, "CA certificates");
  } else if (const std::string bundle = system_bundle(); !bundle.empty()) {
    context.load_verify_file(bundle, failure);
    check(failure, "CA bundle " + bundle);
  }
}

void identify(ssl::context& context, const TlsOptions& options) {
  if (options.client_cert_pem.empty()) return;
  boost::system::error_code failure;
  context.use_certificate_chain(buffer(options.client_cert_pem), failure);
  check(failure, "client certificate");
  context.use_private_key(buffer(options.client_key_pem.reveal()), ssl::context::pem, failure);
  check(failure, "client key");
}

}  // namespace

TlsContext::Impl::Impl(const TlsOptions& options)
    : context(ssl::context::tls_client), server_name(options.server_name), insecure(options.insecure) {
  SSL_CTX_set_min_proto_version(context.native_handle(), TLS1_2_VERSION);
  SSL_CTX_set_mode(context.native_handle(), SSL_MODE_RELEASE_BUFFERS);
  trust(context, options);
  identify(context, options);
}

TlsContext::TlsContext(const TlsOptions& options) : impl_(std::make_unique<Impl>(options)) {}
TlsContext::~TlsContext() = default;

ErrorKind tls_kind(const boost::system::error_code& failure) {
  if (failure.category() != asio::error::get_ssl_category()) return ErrorKind::Unavailable;
  switch (ERR_GET_REASON(static_cast<unsigned long>(failure.value()))) {
    case SSL_R_CERTIFICATE_VERIFY_FAILED:
    case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
    case SSL_R_SSLV3_ALERT_NO_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE:
    case SSL_R_TLSV1_ALERT_ACCESS_DENIED:
    case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
    case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
      return ErrorKind::Denied;
    default:
      return ErrorKind::Unavailable;
  }
}

Error handshake_error(SSL* connection, const boost::system::error_code& failure, std::string_view peer) {
  const long verdict = SSL_get_verify_result(connection);
  if (tls_kind(failure) == ErrorKind::Denied && verdict != X509_V_OK) {
    return Error(ErrorKind::Denied, "TLS to {}: the server's certificate is not trusted: {}", peer,
                 X509_verify_cert_error_string(verdict));
  }
  return Error(tls_kind(failure), "TLS to {}: {}", peer, failure.message());
}

}  // namespace stash::net
