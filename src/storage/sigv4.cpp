#include "storage/sigv4.hpp"

#include <algorithm>
#include <map>

#include "stash/crypto/digest.hpp"

namespace stash::storage {
namespace {

/// "20261123T105200Z"
std::string basic_time(TimePoint now) {
  std::string text = format_time(now);
  std::erase(text, '-');
  std::erase(text, ':');
  return text;
}

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? char(c - 'A' + 'a') : c; });
  return text;
}

/// Headers that are signed, by lower-case name: the host, all x-amz-*, range and content-type.
std::map<std::string, std::string> signed_headers(const net::Headers& headers, std::string_view host) {
  std::map<std::string, std::string> out{{"host", std::string(host)}};
  for (const net::Header& h : headers) {
    const std::string name = lower(h.name);
    if (name.starts_with("x-amz-") || name == "range" || name == "content-type" || name == "date")
      out[name] = h.value;
  }
  return out;
}

struct Canonical {
  std::string text;
  std::string names;
};

Canonical canonical_request(const net::Request& request, std::string_view host,
                            std::string_view payload_hash) {
  const auto question = request.target.find('?');
  const std::string path = request.target.substr(0, question);
  std::string query = question == std::string::npos ? "" : request.target.substr(question + 1);
  if (!query.empty() && query.find('=') == std::string::npos) query += '=';
  Canonical out;
  std::string lines;
  for (const auto& [name, value] : signed_headers(request.headers, host)) {
    lines += fmt::format("{}:{}\n", name, value);
    out.names += (out.names.empty() ? "" : ";") + name;
  }
  out.text =
      fmt::format("{}\n{}\n{}\n{}\n{}\n{}", request.method, path, query, lines, out.names, payload_hash);
  return out;
}

ByteView view(const crypto::Digest& digest) { return digest; }

}  // namespace

void sign(net::Request& request, const SigningKey& key, std::string_view host, std::string_view payload_hash,
          TimePoint now) {
  const std::string time = basic_time(now);
  const std::string date = time.substr(0, 8);
  request.headers.emplace_back("x-amz-date", time);
  request.headers.emplace_back("x-amz-content-sha256", std::string(payload_hash));
  if (!key.session_token.empty())
    request.headers.emplace_back("x-amz-security-token", std::string(key.session_token.reveal()));

  const Canonical canonical = canonical_request(request, host, payload_hash);
  const std::string scope = fmt::format("{}/{}/{}/aws4_request", date, key.region, key.service);
  const std::string to_sign = fmt::format("AWS4-HMAC-SHA256\n{}\n{}\n{}", time, scope,
                                          to_hex(view(crypto::sha256(as_bytes(canonical.text)))));
  const Secret seed("AWS4" + std::string(key.secret_key.reveal()));
  crypto::Digest step = crypto::hmac_sha256(as_bytes(seed.reveal()), as_bytes(date));
  for (const std::string& part : {key.region, key.service, std::string("aws4_request"), to_sign})
    step = crypto::hmac_sha256(view(step), as_bytes(part));
  request.headers.emplace_back("Authorization",
                               fmt::format("AWS4-HMAC-SHA256 Credential={}/{},SignedHeaders={},Signature={}",
                                           key.access_key, scope, canonical.names, to_hex(view(step))));
}

}  // namespace stash::storage
