#include "stash/metrics/registry.hpp"

#include <fmt/format.h>

#include <cmath>

#include "stash/base/error.hpp"

namespace stash::metrics {
namespace {

bool is_name(std::string_view name, bool colon) {
  const auto letter = [colon](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (colon && c == ':');
  };
  if (name.empty() || !letter(name.front())) return false;
  for (const char c : name) {
    if (!letter(c) && !(c >= '0' && c <= '9')) return false;
  }
  return true;
}

std::string escaped(std::string_view text, bool quotes) {
  std::string out;
  for (const char c : text) {
    if (c == '\\') {
      out += "\\\\";
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '"' && quotes) {
      out += "\\\"";
    } else {
      out += c;
    }
  }
  return out;
}

std::string number(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  return fmt::format("{}", value);
}

}  // namespace

double& Registry::series(std::string_view name, std::string_view help, Labels labels, Type type) {
  if (!is_name(name, true)) throw Error(ErrorKind::Internal, "\"{}\" is no metric name", name);
  for (const auto& [key, value] : labels) {
    if (!is_name(key, false))
      throw Error(ErrorKind::Internal, "metric {}: \"{}\" is no label name", name, key);
  }
  const auto [family, fresh] = families_.try_emplace(std::string(name), Family{std::string(help), type, {}});
  if (family->second.type != type)
    throw Error(ErrorKind::Internal, "metric {} is both counter and gauge", name);
  return family->second.series[std::move(labels)];
}

void Registry::set(std::string_view name, std::string_view help, Labels labels, double value) {
  series(name, help, std::move(labels), Type::Gauge) = value;
}

void Registry::add(std::string_view name, std::string_view help, Labels labels, double by) {
  if (!(by >= 0)) throw Error(ErrorKind::Internal, "counter {} cannot go down", name);
  series(name, help, std::move(labels), Type::Counter) += by;
}

void Registry::remove(std::string_view name, const Labels& labels) {
  const auto family = families_.find(name);
  if (family == families_.end()) return;
  family->second.series.erase(labels);
  if (family->second.series.empty()) families_.erase(family);
}

std::string Registry::text() const {
  std::string out;
  for (const auto& [name, family] : families_) {
    out += fmt::format("# HELP {} {}\n# TYPE {} {}\n", name, escaped(family.help, false), name,
                       family.type == Type::Counter ? "counter" : "gauge");
    for (const auto& [labels, value] : family.series) {
      std::string list;
      for (const auto& [key, text] : labels) {
        list += fmt::format("{}{}=\"{}\"", list.empty() ? "" : ",", key, escaped(text, true));
      }
      if (!list.empty()) list = fmt::format("{{{}}}", list);
      out += fmt::format("{}{} {}\n", name, list, number(value));
    }
  }
  return out;
}

}  // namespace stash::metrics
