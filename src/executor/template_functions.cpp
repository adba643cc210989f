#include "executor/template_functions.hpp"

#include <algorithm>
#include <functional>

#include "stash/base/error.hpp"
#include "stash/json/value.hpp"

namespace stash::executor {

using Value = TemplateValue;
using Arguments = std::vector<Value>;

bool Value::truthy() const {
  struct Truth {
    bool operator()(std::monostate) const { return false; }
    bool operator()(bool v) const { return v; }
    bool operator()(std::int64_t v) const { return v != 0; }
    bool operator()(const std::string& v) const { return !v.empty(); }
    bool operator()(const List& v) const { return !v.empty(); }
    bool operator()(const Map& v) const { return !v.empty(); }
  };
  return std::visit(Truth(), is);
}

std::string Value::text() const {
  if (const auto* v = std::get_if<std::string>(&is)) return *v;
  if (std::holds_alternative<std::monostate>(is)) return "";
  return json();
}

std::string Value::json() const {
  struct Json {
    std::string operator()(std::monostate) const { return "null"; }
    std::string operator()(bool v) const { return v ? "true" : "false"; }
    std::string operator()(std::int64_t v) const { return std::to_string(v); }
    std::string operator()(const std::string& v) const { return json::quote(v); }
    std::string operator()(const List& v) const {
      std::string out;
      for (const Value& item : v) out += (out.empty() ? "" : ",") + item.json();
      return "[" + out + "]";
    }
    std::string operator()(const Map& v) const {
      std::string out;
      for (const auto& [key, item] : v)
        out += (out.empty() ? "" : ",") + json::quote(key) + ":" + item.json();
      return "{" + out + "}";
    }
  };
  return std::visit(Json(), is);
}

namespace {

Error misuse(std::string_view name, std::string_view why) {
  return Error(ErrorKind::Invalid, "template: function {}: {}", name, why);
}

/// Negative, zero or positive; numbers and texts only.
int compare(std::string_view name, const Value& a, const Value& b) {
  if (a.is.index() != b.is.index()) throw misuse(name, "its arguments are of different sorts");
  if (const auto* number = std::get_if<std::int64_t>(&a.is)) {
    const auto other = std::get<std::int64_t>(b.is);
    return *number < other ? -1 : *number > other ? 1 : 0;
  }
  if (const auto* text = std::get_if<std::string>(&a.is)) return text->compare(std::get<std::string>(b.is));
  throw misuse(name, "it compares numbers or texts");
}

bool equal(const Arguments& a) {
  return std::any_of(a.begin() + 1, a.end(), [&](const Value& other) { return a[0].json() == other.json(); });
}

/// %s %v %d %q %t %%, each with one argument.
std::string formatted(const Arguments& a) {
  const std::string format = a[0].text();
  std::string out;
  std::size_t next = 1;
  for (std::size_t i = 0; i < format.size(); ++i) {
    if (format[i] != '%') {
      out += format[i];
      continue;
    }
    if (++i == format.size()) throw misuse("printf", "the format ends with %");
    if (format[i] == '%') {
      out += '%';
      continue;
    }
    if (std::string_view("svdqt").find(format[i]) == std::string_view::npos) {
      throw misuse("printf", fmt::format("%{} is not supported; use %s, %d, %q, %v or %t", format[i]));
    }
    if (next == a.size()) throw misuse("printf", "there are fewer arguments than the format names");
    const Value& value = a[next++];
    out += format[i] == 'q' ? json::quote(value.text()) : value.text();
  }
  if (next != a.size()) throw misuse("printf", "there are more arguments than the format names");
  return out;
}

std::string trimmed(std::string text) {
  const char* blanks = " \t\r\n";
  text.erase(0, std::min(text.find_first_not_of(blanks), text.size()));
  text.erase(text.find_last_not_of(blanks) + 1);
  return text;
}

std::string mapped(std::string text, char first, char last, int shift) {
  for (char& c : text) {
    if (c >= first && c <= last) c = static_cast<char>(c + shift);
  }
  return text;
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  if (from.empty()) return text;
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size()) {
    text.replace(at, from.size(), to);
  }
  return text;
}

Value dictionary(const Arguments& a) {
  if (a.size() % 2 != 0) throw misuse("dict", "it takes pairs of key and value");
  Value::Map map;
  for (std::size_t i = 0; i < a.size(); i += 2) map[a[i].text()] = a[i + 1];
  return map;
}

Value member(const Arguments& a) {
  if (const auto* map = std::get_if<Value::Map>(&a[0].is)) {
    const auto found = map->find(a[1].text());
    return found == map->end() ? Value() : found->second;
  }
  const auto* list = std::get_if<Value::List>(&a[0].is);
  const auto* at = std::get_if<std::int64_t>(&a[1].is);
  if (!list || !at || *at < 0 || *at >= std::ssize(*list)) throw misuse("index", "there is no such member");
  return (*list)[static_cast<std::size_t>(*at)];
}

Value length(const Arguments& a) {
  if (const auto* text = std::get_if<std::string>(&a[0].is)) return static_cast<std::int64_t>(text->size());
  if (const auto* list = std::get_if<Value::List>(&a[0].is)) return static_cast<std::int64_t>(list->size());
  if (const auto* map = std::get_if<Value::Map>(&a[0].is)) return static_cast<std::int64_t>(map->size());
  throw misuse("len", "it takes a text, a list or a map");
}

Value joined(const Arguments& a) {
  const auto* list = std::get_if<Value::List>(&a[1].is);
  if (!list) throw misuse("join", "its second argument is no list");
  std::string out;
  for (std::size_t i = 0; i < list->size(); ++i) out += (i == 0 ? "" : a[0].text()) + (*list)[i].text();
  return out;
}

std::string printed(const Arguments& a) {
  std::string out;
  for (const Value& value : a) out += value.text();
  return out;
}

/// The first argument that decides, else the last.
Value first_that_is(bool wanted, const Arguments& a) {
  const auto hit =
      std::find_if(a.begin(), a.end() - 1, [wanted](const Value& v) { return v.truthy() == wanted; });
  return *hit;
}

constexpr std::size_t kAny = 100;

struct Function {
  std::string_view name;
  std::size_t least;
  std::size_t most;
  Value (*call)(const Arguments&);
};

const Function kFunctions[] = {
    {"eq", 2, kAny, [](const Arguments& a) -> Value { return equal(a); }},
    {"ne", 2, 2, [](const Arguments& a) -> Value { return !equal(a); }},
    {"lt", 2, 2, [](const Arguments& a) -> Value { return compare("lt", a[0], a[1]) < 0; }},
    {"le", 2, 2, [](const Arguments& a) -> Value { return compare("le", a[0], a[1]) <= 0; }},
    {"gt", 2, 2, [](const Arguments& a) -> Value { return compare("gt", a[0], a[1]) > 0; }},
    {"ge", 2, 2, [](const Arguments& a) -> Value { return compare("ge", a[0], a[1]) >= 0; }},
    {"and", 1, kAny, [](const Arguments& a) -> Value { return first_that_is(false, a); }},
    {"or", 1, kAny, [](const Arguments& a) -> Value { return first_that_is(true, a); }},
    {"not", 1, 1, [](const Arguments& a) -> Value { return !a[0].truthy(); }},
    {"len", 1, 1, length},
    {"index", 2, 2, member},
    {"print", 0, kAny, [](const Arguments& a) -> Value { return printed(a); }},
    {"printf", 1, kAny, [](const Arguments& a) -> Value { return formatted(a); }},
    {"quote", 1, 1, [](const Arguments& a) -> Value { return json::quote(a[0].text()); }},
    {"trim", 1, 1, [](const Arguments& a) -> Value { return trimmed(a[0].text()); }},
    {"upper", 1, 1, [](const Arguments& a) -> Value { return mapped(a[0].text(), 'a', 'z', 'A' - 'a'); }},
    {"lower", 1, 1, [](const Arguments& a) -> Value { return mapped(a[0].text(), 'A', 'Z', 'a' - 'A'); }},
    {"default", 2, 2, [](const Arguments& a) -> Value { return a[1].truthy() ? a[1] : a[0]; }},
    {"replace", 3, 3,
     [](const Arguments& a) -> Value { return replaced(a[2].text(), a[0].text(), a[1].text()); }},
    {"contains", 2, 2,
     [](const Arguments& a) -> Value { return a[1].text().find(a[0].text()) != std::string::npos; }},
    {"hasPrefix", 2, 2, [](const Arguments& a) -> Value { return a[1].text().starts_with(a[0].text()); }},
    {"hasSuffix", 2, 2, [](const Arguments& a) -> Value { return a[1].text().ends_with(a[0].text()); }},
    {"join", 2, 2, joined},
    {"dict", 0, kAny, dictionary},
    {"list", 0, kAny, [](const Arguments& a) -> Value { return Value::List(a); }},
    {"toJson", 1, 1, [](const Arguments& a) -> Value { return a[0].json(); }},
};

}  // namespace

TemplateValue call_template_function(const std::string& name, Arguments arguments) {
  const auto* function = std::ranges::find(kFunctions, name, &Function::name);
  if (function == std::end(kFunctions)) {
    throw Error(ErrorKind::Invalid, "template: function {} is not supported", name);
  }
  if (arguments.size() < function->least || arguments.size() > function->most) {
    throw misuse(name, fmt::format("{} arguments were given", arguments.size()));
  }
  return function->call(arguments);
}

}  // namespace stash::executor
