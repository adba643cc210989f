#include "storage/xml.hpp"

#include <array>
#include <charconv>
#include <utility>

#include "stash/base/error.hpp"

namespace stash::storage {
namespace {

constexpr std::size_t kMaxText = std::size_t{16} << 20;
constexpr int kMaxDepth = 32;
constexpr std::string_view kSpace = " \t\r\n";

void append_utf8(std::string& to, std::uint32_t code) {
  if (code < 0x80) {
    to += static_cast<char>(code);
  } else if (code < 0x800) {
    to += static_cast<char>(0xC0 | code >> 6);
    to += static_cast<char>(0x80 | (code & 63));
  } else if (code < 0x10000) {
    to += static_cast<char>(0xE0 | code >> 12);
    to += static_cast<char>(0x80 | (code >> 6 & 63));
    to += static_cast<char>(0x80 | (code & 63));
  } else {
    to += static_cast<char>(0xF0 | code >> 18);
    to += static_cast<char>(0x80 | (code >> 12 & 63));
    to += static_cast<char>(0x80 | (code >> 6 & 63));
    to += static_cast<char>(0x80 | (code & 63));
  }
}

class Parser {
 public:
  explicit Parser(std::string_view text) : rest_(text) {}

  XmlElement document() {
    skip_misc();
    XmlElement root = element(0);
    skip_misc();
    if (!rest_.empty()) fail("text after the root element");
    return root;
  }

 private:
  [[noreturn]] static void fail(std::string_view why) {
    throw Error(ErrorKind::Corrupt, "malformed XML answer: {}", why);
  }

  bool take(std::string_view token) {
    if (!rest_.starts_with(token)) return false;
    rest_.remove_prefix(token.size());
    return true;
  }

  std::string_view until(std::string_view end) {
    const auto at = rest_.find(end);
    if (at == rest_.npos) fail("it ends too early");
    const std::string_view before = rest_.substr(0, at);
    rest_.remove_prefix(at + end.size());
    return before;
  }

  void skip_space() { rest_.remove_prefix(std::min(rest_.find_first_not_of(kSpace), rest_.size())); }

  /// Declaration, comments and white space outside the root.
  void skip_misc() {
    for (skip_space(); !rest_.empty(); skip_space()) {
      if (take("<?"))
        until("?>");
      else if (take("<!--"))
        until("-->");
      else
        return;
    }
  }

  static std::string local_name(std::string_view name) {
    const auto colon = name.find(':');
    return std::string(colon == name.npos ? name : name.substr(colon + 1));
  }

  XmlElement element(int depth) {
    if (depth > kMaxDepth) fail("too many levels");
    if (!take("<") || rest_.starts_with("!")) fail("an element was expected");
    std::string_view tag = until(">");
    const bool closed = tag.ends_with('/');
    if (closed) tag.remove_suffix(1);
    const std::string_view name = tag.substr(0, tag.find_first_of(kSpace));
    if (name.empty() || name.find_first_of("<&\"'=") != name.npos) fail("a bad element name");
    XmlElement out;
    out.name = local_name(name);
    while (!closed) {
      append_text(out.text);
      if (take("</")) {
        std::string_view end = until(">");
        end = end.substr(0, end.find_first_of(kSpace));
        if (end != name) fail("elements are not nested");
        break;
      }
      if (take("<!--"))
        until("-->");
      else if (take("<![CDATA["))
        out.text += until("]]>");
      else
        out.children.push_back(element(depth + 1));
    }
    return out;
  }

  void append_text(std::string& to) {
    const auto end = rest_.find('<');
    if (end == rest_.npos) fail("it ends too early");
    std::string_view text = rest_.substr(0, end);
    rest_.remove_prefix(end);
    for (auto at = text.find('&'); at != text.npos; at = text.find('&')) {
      to += text.substr(0, at);
      const auto semicolon = text.find(';', at);
      if (semicolon == text.npos) fail("an entity without end");
      append_entity(to, text.substr(at + 1, semicolon - at - 1));
      text.remove_prefix(semicolon + 1);
    }
    to += text;
  }

  static void append_entity(std::string& to, std::string_view entity) {
    static constexpr std::array<std::pair<std::string_view, char>, 5> kNamed{
        {{"amp", '&'}, {"lt", '<'}, {"gt", '>'}, {"quot", '"'}, {"apos", '\''}}};
    for (const auto& [name, c] : kNamed)
      if (entity == name) {
        to += c;
        return;
      }
    if (!entity.starts_with('#')) fail("an unknown entity");
    entity.remove_prefix(1);
    const bool hex = entity.starts_with('x');
    if (hex) entity.remove_prefix(1);
    std::uint32_t code = 0;
    const auto [end, error] =
        std::from_chars(entity.data(), entity.data() + entity.size(), code, hex ? 16 : 10);
    if (error != std::errc{} || end != entity.data() + entity.size() || code == 0 || code > 0x10FFFF)
      fail("a bad character number");
    append_utf8(to, code);
  }

  std::string_view rest_;
};

}  // namespace

const XmlElement* XmlElement::child(std::string_view child_name) const {
  for (const XmlElement& c : children)
    if (c.name == child_name) return &c;
  return nullptr;
}

std::string_view XmlElement::child_text(std::string_view child_name) const {
  const XmlElement* c = child(child_name);
  return c ? std::string_view(c->text) : std::string_view();
}

XmlElement parse_xml(std::string_view text) {
  if (text.size() > kMaxText)
    throw Error(ErrorKind::Corrupt, "an XML answer of {} bytes is too long", text.size());
  return Parser(text).document();
}

}  // namespace stash::storage
