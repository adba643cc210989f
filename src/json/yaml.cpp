#include "stash/json/yaml.hpp"

#include <algorithm>
#include <array>

// Text is left bare only when it cannot be misread: it begins with a letter or a slash, holds nothing but
// harmless characters, and is none of the words that YAML 1.1 reads as a truth value or as null. Everything
// that begins with a digit, a sign or a dot could be a number, a date or a time in base 60, and is quoted;
// the quoted form is JSON's, which is a subset of YAML's.

namespace stash::json {
namespace {

constexpr std::array<std::string_view, 9> kReserved{"y",   "n",    "yes",   "no",  "on",
                                                    "off", "true", "false", "null"};

constexpr bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool is_reserved(std::string_view text) {
  return std::any_of(kReserved.begin(), kReserved.end(), [&](std::string_view word) {
    return std::equal(text.begin(), text.end(), word.begin(), word.end(),
                      [](char a, char b) { return lower(a) == b; });
  });
}

bool is_plain(std::string_view text) {
  if (text.empty() || !(is_letter(text.front()) || text.front() == '/')) return false;
  if (text.back() == ' ' || text.back() == ':') return false;
  if (std::any_of(text.begin(), text.end(), [](char c) { return c < ' ' || c > '~'; })) return false;
  return text.find(": ") == text.npos && text.find(" #") == text.npos && !is_reserved(text);
}

std::string_view text_of(const Value& value) { return {value.GetString(), value.GetStringLength()}; }

std::string scalar(const Value& value) {
  if (value.IsString()) return is_plain(text_of(value)) ? std::string(text_of(value)) : quote(text_of(value));
  return dump(value);
}

bool is_block(const Value& value) {
  return (value.IsObject() && !value.ObjectEmpty()) || (value.IsArray() && !value.Empty());
}

void emit(std::string& out, const Value& value, std::size_t indent);

/// `first`: the line already holds "- ", which stands for the indent.
void emit_members(std::string& out, const Value& object, std::size_t indent, bool first) {
  for (const auto& member : object.GetObject()) {
    if (!first) out.append(indent, ' ');
    first = false;
    out += scalar(member.name);
    out += ':';
    if (!is_block(member.value)) {
      out += ' ';
      out += scalar(member.value);
      out += '\n';
      continue;
    }
    out += '\n';
    // A sequence may stand at its key's own indent, which is how kubectl prints it.
    emit(out, member.value, member.value.IsArray() ? indent : indent + 2);
  }
}

void emit_items(std::string& out, const Value& array, std::size_t indent, bool first) {
  for (const auto& item : array.GetArray()) {
    if (!first) out.append(indent, ' ');
    first = false;
    out += "- ";
    if (!is_block(item)) {
      out += scalar(item);
      out += '\n';
    } else if (item.IsObject()) {
      emit_members(out, item, indent + 2, true);
    } else {
      emit_items(out, item, indent + 2, true);
    }
  }
}

void emit(std::string& out, const Value& value, std::size_t indent) {
  if (value.IsObject())
    emit_members(out, value, indent, false);
  else
    emit_items(out, value, indent, false);
}

}  // namespace

std::string to_yaml(const Value& value) {
  std::string out;
  if (is_block(value))
    emit(out, value, 0);
  else
    out = scalar(value) + "\n";
  return out;
}

}  // namespace stash::json
