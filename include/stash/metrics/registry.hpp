#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace stash::metrics {

/// Label names and values, in the order they are printed.
using Labels = std::vector<std::pair<std::string, std::string>>;

enum class Type { Counter, Gauge };

/// What one process tells a Prometheus server: named families of values. Passed by reference, never global;
/// one thread. Values are doubles, as Prometheus has them.
class Registry {
 public:
  /// Sets a gauge. The help text of a family is the first one given. Throws Error(Internal) when the name or
  /// a label name is not one Prometheus allows, or the family has another type.
  void set(std::string_view name, std::string_view help, Labels labels, double value);
  /// Adds to a counter, which begins at 0. `by` must not be negative.
  void add(std::string_view name, std::string_view help, Labels labels, double by = 1);
  /// Forgets one series (of an object that has gone).
  void remove(std::string_view name, const Labels& labels);

  /// Text exposition format 0.0.4, families by name, series by labels:
  ///
  ///     # HELP stash_x How many.
  ///     # TYPE stash_x gauge
  ///     stash_x{host="a",path="C:\\dir"} 1
  std::string text() const;

  bool empty() const { return families_.empty(); }

 private:
  struct Family {
    std::string help;
    Type type = Type::Gauge;
    std::map<Labels, double> series;
  };

  double& series(std::string_view name, std::string_view help, Labels labels, Type type);

  std::map<std::string, Family, std::less<>> families_;
};

/// Content-Type of Registry::text().
constexpr std::string_view kTextFormat = "text/plain; version=0.0.4; charset=utf-8";

}  // namespace stash::metrics
