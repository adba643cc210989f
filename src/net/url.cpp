#include <algorithm>
#include <charconv>

#include "stash/base/error.hpp"
#include "stash/net/http.hpp"

namespace stash::net {
namespace {

bool same_letter(char a, char b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return lower(a) == lower(b);
}

std::uint16_t default_port(std::string_view scheme) { return scheme == "https" ? 443 : 80; }

/// The address as a message calls it. Wherever an '@' stands, a password may stand before it.
std::string named(std::string_view text) {
  return text.find('@') == std::string_view::npos ? fmt::format("address \"{}\"", text) : "the address";
}

std::uint16_t parse_port(std::string_view text, std::string_view whole) {
  std::uint16_t port = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (failure != std::errc() || end != text.data() + text.size() || port == 0)
    throw Error(ErrorKind::Invalid, "{}: the port is not a number from 1 to 65535", named(whole));
  return port;
}

}  // namespace

Url Url::parse(std::string_view text) {
  Url url;
  const auto scheme_end = text.find("://");
  for (const char c : text.substr(0, scheme_end))
    url.scheme += c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  if (scheme_end == std::string_view::npos || (url.scheme != "http" && url.scheme != "https"))
    throw Error(ErrorKind::Invalid, "{} does not begin with http:// or https://", named(text));

  const std::string_view rest = text.substr(scheme_end + 3);
  const auto authority_end = rest.find_first_of("/?#");
  std::string_view authority = rest.substr(0, authority_end);
  if (authority_end != std::string_view::npos)
    url.path = rest.substr(authority_end, rest.find('#') - authority_end);
  if (url.path.empty() || url.path.front() != '/') url.path.insert(0, "/");

  if (authority.find('@') != std::string_view::npos) {
    throw Error(ErrorKind::Invalid,
                "an address must not hold a user or password; give credentials separately");
  }
  std::string_view port;
  if (authority.starts_with('[')) {
    const auto close = authority.find(']');
    if (close == std::string_view::npos) throw Error(ErrorKind::Invalid, "{}: ']' is missing", named(text));
    url.host = authority.substr(1, close - 1);
    authority.remove_prefix(close + 1);
    if (!authority.empty() && authority.front() != ':')
      throw Error(ErrorKind::Invalid, "{}: only a port may follow ']'", named(text));
    port = authority.empty() ? authority : authority.substr(1);
  } else {
    const auto colon = authority.find(':');
    url.host = authority.substr(0, colon);
    if (colon != std::string_view::npos) port = authority.substr(colon + 1);
  }
  const auto bad = [](char c) {
    return static_cast<unsigned char>(c) <= ' ' || c == '\x7f' || c == '"' || c == '\\';
  };
  if (url.host.empty()) throw Error(ErrorKind::Invalid, "{} names no host", named(text));
  if (std::ranges::any_of(url.host, bad) || std::ranges::any_of(url.path, bad)) {
    throw Error(ErrorKind::Invalid, "{} holds a blank or a control character", named(text));
  }
  url.port = port.empty() ? default_port(url.scheme) : parse_port(port, text);
  return url;
}

std::string Url::authority() const {
  std::string text = host.find(':') == std::string::npos ? host : "[" + host + "]";
  if (port != default_port(scheme)) text += ":" + std::to_string(port);
  return text;
}

std::string Url::origin() const { return scheme + "://" + authority(); }

std::string_view header(const Headers& headers, std::string_view name) {
  const auto hit = std::ranges::find_if(
      headers, [name](const Header& h) { return std::ranges::equal(h.name, name, same_letter); });
  return hit == headers.end() ? std::string_view() : std::string_view(hit->value);
}

std::string percent_encode(std::string_view text, bool keep_slash) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  const auto unreserved = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~';
  };
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    if (unreserved(c) || (keep_slash && c == '/')) {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += '%';
      out += kDigits[byte >> 4];
      out += kDigits[byte & 15];
    }
  }
  return out;
}

}  // namespace stash::net
