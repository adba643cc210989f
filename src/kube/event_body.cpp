#include "kube/event_body.hpp"

#include "stash/base/text.hpp"
#include "stash/kube/meta.hpp"

namespace stash::kube {
namespace {

constexpr std::size_t kMaxMessage = 1024;
constexpr std::size_t kMaxObjectName = 253 - 17;

/// FNV-1a, 64 bits: names only have to differ by chance, nobody attacks them.
class Fnv {
 public:
  void add(std::string_view text) {
    for (const char c : text) mix(static_cast<unsigned char>(c));
    mix(0xff);  // never in UTF-8: keeps "ab","c" apart from "a","bc"
  }
  std::uint64_t value() const { return value_; }

 private:
  void mix(unsigned char byte) { value_ = (value_ ^ byte) * 1099511628211u; }
  std::uint64_t value_ = 14695981039346656037u;
};

}  // namespace

std::string cut_message(std::string message) {
  if (message.size() <= kMaxMessage) return message;
  return std::string(cut_text(message, kMaxMessage - 3)) + "...";
}

Ref event_ref(const EventWords& words) {
  Fnv hash;
  for (const std::string* part : {&words.subject.uid, &words.subject.kind, &words.subject.ref.ns,
                                  &words.subject.ref.name, &words.reason, &words.message, &words.component})
    hash.add(*part);
  hash.add(words.warning ? "Warning" : "Normal");
  std::string name = words.subject.ref.name.substr(0, kMaxObjectName);
  while (!name.empty() && (name.back() == '.' || name.back() == '-')) name.pop_back();
  return {words.subject.ref.ns.empty() ? "default" : words.subject.ref.ns,
          fmt::format("{}.{:016x}", name, hash.value())};
}

std::string event_body(const EventWords& words) {
  const Ref ref = event_ref(words);
  const std::string time = format_time(words.now);
  const std::string subject_ns = words.subject.ref.ns.empty()
                                     ? ""
                                     : fmt::format(R"("namespace":{},)", json::quote(words.subject.ref.ns));
  return fmt::format(R"({{"apiVersion":"v1","kind":"Event","metadata":{{"name":{},"namespace":{}}},)"
                     R"("involvedObject":{{"apiVersion":{},"kind":{},{}"name":{},"uid":{}}},)"
                     R"("type":"{}","reason":{},"message":{},"source":{{"component":{},"host":{}}},)"
                     R"("reportingComponent":{},"reportingInstance":{},)"
                     R"("firstTimestamp":"{}","lastTimestamp":"{}","count":1}})",
                     json::quote(ref.name), json::quote(ref.ns), json::quote(words.subject.api_version),
                     json::quote(words.subject.kind), subject_ns, json::quote(words.subject.ref.name),
                     json::quote(words.subject.uid), words.warning ? "Warning" : "Normal",
                     json::quote(words.reason), json::quote(words.message), json::quote(words.component),
                     json::quote(words.instance), json::quote(words.component), json::quote(words.instance),
                     time, time);
}

std::string event_repeat(const json::Value& known, const EventWords& words) {
  return fmt::format(R"({{"metadata":{{"resourceVersion":{}}},"count":{},"lastTimestamp":"{}"}})",
                     json::quote(resource_version_of(known)), json::integer(known, "count").value_or(1) + 1,
                     format_time(words.now));
}

}  // namespace stash::kube
