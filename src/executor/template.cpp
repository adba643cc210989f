// Two passes over the text at once: Renderer walks literal text and actions, Pipeline evaluates one action. A
// branch that is not taken is parsed for its nesting but not evaluated.

#include "executor/template.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

#include "executor/template_functions.hpp"
#include "stash/base/error.hpp"

namespace stash::executor {
namespace {

using Value = TemplateValue;
using Variables = std::map<std::string, Value, std::less<>>;

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

Error bad(std::string_view why, std::string_view action) {
  return Error(ErrorKind::Invalid, "template: {} in {{{{{}}}}}", why, action);
}

/// One action: `term arg arg | term arg`.
class Pipeline {
 public:
  Pipeline(std::string_view text, const Value& data, Variables& variables)
      : whole_(text), rest_(text), data_(data), variables_(variables) {}

  /// The value, or nothing when the action only sets a variable.
  std::optional<Value> evaluate() {
    if (const auto name = assigned_variable()) {
      variables_[*name] = pipeline();
      expect_end();
      return std::nullopt;
    }
    Value value = pipeline();
    expect_end();
    return value;
  }

 private:
  void skip_blanks() {
    while (!rest_.empty() && is_blank(rest_.front())) rest_.remove_prefix(1);
  }

  void expect_end() {
    skip_blanks();
    if (!rest_.empty()) throw bad(fmt::format("\"{}\" is not understood", rest_), whole_);
  }

  bool take(std::string_view token) {
    skip_blanks();
    if (!rest_.starts_with(token)) return false;
    rest_.remove_prefix(token.size());
    return true;
  }

  std::string_view word() {
    std::size_t size = 0;
    while (size < rest_.size() && is_word(rest_[size])) ++size;
    const std::string_view found = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return found;
  }

  std::optional<std::string> assigned_variable() {
    const std::string_view before = rest_;
    if (take("$")) {
      const std::string name(word());
      if (!name.empty() && (take(":=") || take("="))) return name;
    }
    rest_ = before;
    return std::nullopt;
  }

  Value pipeline() {
    if (++depth_ > 64) throw bad("parentheses are too deep", whole_);
    Value value = command(std::nullopt);
    while (take("|")) value = command(std::move(value));
    --depth_;
    return value;
  }

  bool at_end_of_command() {
    skip_blanks();
    return rest_.empty() || rest_.front() == '|' || rest_.front() == ')';
  }

  /// A function with its arguments (the piped value is the last one), or a single operand.
  Value command(std::optional<Value> piped) {
    skip_blanks();
    if (at_end_of_command()) throw bad("an operand is missing", whole_);
    const std::string_view before = rest_;
    const std::string name(is_word(rest_.front()) && !is_digit(rest_.front()) ? word() : std::string_view());
    if (name.empty() || name == "true" || name == "false" || name == "nil") {
      rest_ = before;
      Value value = operand();
      if (piped || !at_end_of_command()) throw bad("a value is used as a function", whole_);
      return value;
    }
    std::vector<Value> arguments;
    while (!at_end_of_command()) arguments.push_back(operand());
    if (piped) arguments.push_back(std::move(*piped));
    return call_template_function(name, std::move(arguments));
  }

  static bool is_digit(char c) { return c >= '0' && c <= '9'; }

  Value operand() {
    skip_blanks();
    if (take("(")) {
      Value value = pipeline();
      if (!take(")")) throw bad("')' is missing", whole_);
      return fields_of(std::move(value));
    }
    if (take("$")) {
      const std::string_view name = word();
      if (name.empty()) return fields_of(data_);
      const auto variable = variables_.find(name);
      if (variable == variables_.end()) throw bad(fmt::format("variable ${} is not defined", name), whole_);
      return fields_of(variable->second);
    }
    if (rest_.starts_with('.')) {
      if (rest_.size() > 1 && is_word(rest_[1])) return fields_of(data_);
      rest_.remove_prefix(1);
      return data_;
    }
    if (rest_.starts_with('"')) return quoted();
    if (rest_.starts_with('`')) return raw();
    if (is_digit(rest_.front()) || rest_.front() == '-') return number();
    const std::string_view name = word();
    if (name == "true" || name == "false") return Value(name == "true");
    if (name == "nil") return Value();
    if (!name.empty()) return call_template_function(std::string(name), {});
    throw bad(fmt::format("\"{}\" is not understood", rest_), whole_);
  }

  Value fields_of(Value value) {
    while (rest_.size() > 1 && rest_.front() == '.' && is_word(rest_[1])) {
      rest_.remove_prefix(1);
      const std::string name(word());
      const auto* map = std::get_if<Value::Map>(&value.is);
      const auto member = map ? map->find(name) : Value::Map::const_iterator();
      value = map && member != map->end() ? Value(member->second) : Value();
    }
    return value;
  }

  Value quoted() {
    std::string out;
    for (std::size_t i = 1; i < rest_.size(); ++i) {
      const char c = rest_[i];
      if (c == '"') {
        rest_.remove_prefix(i + 1);
        return out;
      }
      if (c != '\\') {
        out += c;
        continue;
      }
      if (++i == rest_.size()) break;
      switch (rest_[i]) {
        case 'n':
          out += '\n';
          break;
        case 't':
          out += '\t';
          break;
        case 'r':
          out += '\r';
          break;
        case '"':
        case '\\':
          out += rest_[i];
          break;
        default:
          throw bad(fmt::format("escape \\{} is not understood", rest_[i]), whole_);
      }
    }
    throw bad("a quote is not closed", whole_);
  }

  Value raw() {
    const auto end = rest_.find('`', 1);
    if (end == std::string_view::npos) throw bad("a quote is not closed", whole_);
    std::string out(rest_.substr(1, end - 1));
    rest_.remove_prefix(end + 1);
    return out;
  }

  Value number() {
    std::int64_t value = 0;
    const auto [end, failure] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), value);
    if (failure != std::errc()) throw bad("a number is not understood", whole_);
    rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
    return value;
  }

  std::string_view whole_;
  std::string_view rest_;
  const Value& data_;
  Variables& variables_;
  int depth_ = 0;
};

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

class Renderer {
 public:
  Renderer(std::string_view text, const Value& data) : rest_(text), data_(data) {}

  std::string render() {
    while (!rest_.empty()) {
      const auto open = rest_.find("{{");
      literal(rest_.substr(0, open));
      if (open == std::string_view::npos) break;
      rest_.remove_prefix(open + 2);
      action(next_action());
    }
    if (!branches_.empty()) throw Error(ErrorKind::Invalid, "template: {{{{end}}}} is missing");
    return std::string(trimmed(out_));
  }

 private:
  struct Branch {
    bool outer;  ///< what surrounds the `if` is printed
    bool taken;  ///< one of its branches has been
    bool now;    ///< the current one is
  };

  bool printing() const { return branches_.empty() || branches_.back().now; }

  void literal(std::string_view text) {
    if (trim_next_) {
      while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
    }
    trim_next_ = false;
    if (printing()) out_ += text;
  }

  /// The inside of an action; quotes may hold "}}". Handles the trim markers.
  std::string_view next_action() {
    std::size_t end = 0;
    char quote = 0;
    const bool comment = trimmed(rest_.substr(rest_.starts_with("- ") ? 1 : 0)).starts_with("/*");
    for (; end < rest_.size(); ++end) {
      const char c = rest_[end];
      if (quote) {
        if (c == '\\' && quote == '"')
          ++end;
        else if (c == quote)
          quote = 0;
      } else if (!comment && (c == '"' || c == '`')) {
        quote = c;
      } else if (rest_.substr(end).starts_with("}}")) {
        break;
      }
    }
    if (end >= rest_.size()) throw Error(ErrorKind::Invalid, "template: }}}} is missing");
    std::string_view inside = rest_.substr(0, end);
    rest_.remove_prefix(end + 2);
    if (inside.starts_with("- ") || inside == "-") {
      inside.remove_prefix(1);
      if (printing()) {
        while (!out_.empty() && is_blank(out_.back())) out_.pop_back();
      }
    }
    if (inside.ends_with(" -")) {
      inside.remove_suffix(1);
      trim_next_ = true;
    }
    return trimmed(inside);
  }

  void action(std::string_view text) {
    if (text.starts_with("/*")) return;
    const auto word_end = std::find_if_not(text.begin(), text.end(), is_word);
    const std::string_view word = text.substr(0, static_cast<std::size_t>(word_end - text.begin()));
    const std::string_view rest = trimmed(text.substr(word.size()));
    if (word == "if") {
      const bool outer = printing();
      const bool yes = outer && truth(rest);
      branches_.push_back({outer, yes, yes});
    } else if (word == "else") {
      else_branch(rest);
    } else if (word == "end") {
      if (branches_.empty()) throw Error(ErrorKind::Invalid, "template: {{{{end}}}} without {{{{if}}}}");
      branches_.pop_back();
    } else if (word == "range" || word == "with" || word == "define" || word == "template" ||
               word == "block") {
      throw Error(ErrorKind::Invalid, "template: \"{}\" is not supported; use if, variables and functions",
                  word);
    } else if (printing()) {
      if (const auto value = Pipeline(text, data_, variables_).evaluate()) out_ += value->text();
    }
  }

  void else_branch(std::string_view rest) {
    if (branches_.empty()) throw Error(ErrorKind::Invalid, "template: {{{{else}}}} without {{{{if}}}}");
    Branch& branch = branches_.back();
    const bool open = branch.outer && !branch.taken;
    if (rest.starts_with("if")) {
      branch.now = open && truth(trimmed(rest.substr(2)));
    } else if (rest.empty()) {
      branch.now = open;
    } else {
      throw Error(ErrorKind::Invalid, "template: \"else {}\" is not understood", rest);
    }
    branch.taken |= branch.now;
  }

  bool truth(std::string_view condition) {
    const auto value = Pipeline(condition, data_, variables_).evaluate();
    return value && value->truthy();
  }

  std::string_view rest_;
  const Value& data_;
  Variables variables_;
  std::vector<Branch> branches_;
  std::string out_;
  bool trim_next_ = false;
};

}  // namespace

std::string render_template(std::string_view text, const TemplateValue& data) {
  return Renderer(text, data).render();
}

}  // namespace stash::executor
