#include "stash/api/crd.hpp"

#include <algorithm>
#include <initializer_list>
#include <string_view>

#include "stash/api/backup_configuration.hpp"
#include "stash/api/backup_session.hpp"
#include "stash/api/repository.hpp"
#include "stash/api/restore_session.hpp"
#include "stash/api/schema.hpp"
#include "stash/json/write.hpp"
#include "stash/json/yaml.hpp"

// A check belongs here when it compares several fields, or the new object with the old one: those are written
// at the root of the schema. `has()` guards every step, since a member that is absent makes a CEL rule fail
// instead of hold. The API server bounds the cost of each rule by the longest lists the schema allows: the
// lists that rules walk over carry maxItems and maxLength in the field tables.

namespace stash::api {
namespace {

struct Column {
  const char* name;
  const char* type;
  const char* path;
  const char* format = nullptr;
};

constexpr Column kPhase{"Phase", "string", ".status.phase"};
constexpr Column kDuration{"Duration", "string", ".status.sessionDuration"};
constexpr Column kAge{"Age", "date", ".metadata.creationTimestamp"};

struct Check {
  std::string rule;
  std::string message;
};

struct Kind {
  const kube::Resource& resource;
  const char* about;
  std::vector<const char*> short_names;
  std::vector<const char*> categories;
  std::vector<Column> columns;
  std::vector<Check> checks;
  void (*schema)(json::Writer&, std::string_view part);
};

/// Holds when the member at `path` (from the root) is the same as before, or is absent before and after.
std::string unchanged(std::initializer_list<const char*> path) {
  std::string now = "self";
  std::string before = "oldSelf";
  std::string has_now;
  std::string has_before;
  for (const char* key : path) {
    now += fmt::format(".{}", key);
    before += fmt::format(".{}", key);
    has_now += fmt::format("{}has({})", has_now.empty() ? "" : " && ", now);
    has_before += fmt::format("{}has({})", has_before.empty() ? "" : " && ", before);
  }
  return fmt::format("({0}) == ({1}) && (!({0}) || {2} == {3})", has_now, has_before, now, before);
}

/// What a list of restore rules must obey; `guard` holds when the list at `place` is given.
void check_rules(std::vector<Check>& to, std::string_view guard, std::string_view place) {
  const auto add = [&](std::string_view rule, std::string_view message) {
    const std::string list = fmt::format("self.{}", place);
    to.push_back({fmt::format("!({}) || {}", guard, fmt::format(fmt::runtime(rule), list)),
                  fmt::format("{}: {}", place, message)});
  };
  add("{0}.filter(r, !has(r.targetHosts) || size(r.targetHosts) == 0).size() <= 1",
      "only one rule may have no targetHosts: it is the one for all hosts that no other rule names");
  // The work grows with the square of the hosts: beyond 500 the server would give up, and only the operator
  // checks.
  add("{0}.map(r, has(r.targetHosts) ? size(r.targetHosts) : 0).sum() > 500 || "
      "{0}.all(a, !has(a.targetHosts) || a.targetHosts.all(h, "
      "{0}.exists_one(b, has(b.targetHosts) && h in b.targetHosts)))",
      "a host may stand in targetHosts of one rule only");
  add("{0}.all(r, !(has(r.snapshots) && size(r.snapshots) > 0 && has(r.paths) && size(r.paths) > 0))",
      "a rule takes either snapshots or paths, not both");
}

Kind repository() {
  return {kRepository,
          "Where backups are kept: a backend, its credentials, and who may use it.",
          {"repo"},
          {"stash", "appscode"},
          {{"Integrity", "boolean", ".status.integrity"},
           {"Size", "string", ".status.totalSize"},
           {"Snapshot-Count", "integer", ".status.snapshotCount"},
           {"Last-Successful-Backup", "date", ".status.lastBackupTime", "date-time"},
           kAge},
          {},
          repository_schema};
}

Kind backup_configuration() {
  std::vector<Check> checks{
      {"!has(oldSelf.status) || !has(oldSelf.status.phase) || oldSelf.status.phase != 'Ready' || (" +
           unchanged({"spec", "target", "ref"}) + ")",
       "spec.target.ref cannot be changed while the phase is Ready: delete this BackupConfiguration and make "
       "a new one"}};
  return {kBackupConfiguration,
          "What is backed up, when, to which Repository, and how long it is kept.",
          {"bc"},
          {"stash", "appscode", "all"},
          {{"Task", "string", ".spec.task.name"},
           {"Schedule", "string", ".spec.schedule"},
           {"Paused", "boolean", ".spec.paused"},
           kPhase,
           kAge},
          std::move(checks),
          backup_configuration_schema};
}

Kind backup_session() {
  return {kBackupSession,
          "One run of a backup and its results.",
          {},
          {"stash", "appscode", "all"},
          {{"Invoker-Type", "string", ".spec.invoker.kind"},
           {"Invoker-Name", "string", ".spec.invoker.name"},
           kPhase,
           kDuration,
           kAge},
          {{unchanged({"spec"}), "spec cannot be changed: make a new BackupSession"}},
          backup_session_schema};
}

Kind restore_session() {
  std::vector<Check> checks{
      {unchanged({"spec"}), "spec cannot be changed: delete this RestoreSession and make a new one"}};
  check_rules(checks, "has(self.spec) && has(self.spec.target) && has(self.spec.target.rules)",
              "spec.target.rules");
  check_rules(checks, "has(self.spec) && has(self.spec.rules)", "spec.rules");
  return {kRestoreSession,
          "One restore and its results.",
          {"restore"},
          {"stash", "appscode", "all"},
          {{"Repository", "string", ".spec.repository.name"}, kPhase, kDuration, kAge},
          std::move(checks),
          restore_session_schema};
}

void text(json::Writer& w, const char* key, std::string_view value) {
  w.Key(key);
  json::write_text(w, value);
}

void texts(json::Writer& w, const char* key, const std::vector<const char*>& values) {
  if (values.empty()) return;
  w.Key(key);
  w.StartArray();
  for (const char* value : values) w.String(value);
  w.EndArray();
}

void write_names(json::Writer& w, const Kind& kind) {
  std::string singular(kind.resource.kind);
  std::transform(singular.begin(), singular.end(), singular.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  w.Key("names");
  w.StartObject();
  text(w, "kind", kind.resource.kind);
  text(w, "listKind", std::string(kind.resource.kind) + "List");
  text(w, "plural", kind.resource.plural);
  text(w, "singular", singular);
  texts(w, "shortNames", kind.short_names);
  texts(w, "categories", kind.categories);
  w.EndObject();
}

void write_columns(json::Writer& w, const std::vector<Column>& columns) {
  w.Key("additionalPrinterColumns");
  w.StartArray();
  for (const Column& column : columns) {
    w.StartObject();
    text(w, "name", column.name);
    text(w, "type", column.type);
    if (column.format) text(w, "format", column.format);
    text(w, "jsonPath", column.path);
    w.EndObject();
  }
  w.EndArray();
}

void write_property(json::Writer& w, const char* key, const char* type, const char* about) {
  w.Key(key);
  w.StartObject();
  if (about) text(w, "description", about);
  text(w, "type", type);
  w.EndObject();
}

void write_schema(json::Writer& w, const Kind& kind) {
  w.Key("openAPIV3Schema");
  w.StartObject();
  text(w, "description", kind.about);
  text(w, "type", "object");
  w.Key("properties");
  w.StartObject();
  write_property(w, "apiVersion", "string", "Version of the schema of this object.");
  write_property(w, "kind", "string", "Kind of this object.");
  write_property(w, "metadata", "object", nullptr);
  for (const char* part : {"spec", "status"}) {
    w.Key(part);
    w.StartObject();
    kind.schema(w, part);
    w.EndObject();
  }
  w.EndObject();
  if (!kind.checks.empty()) {
    w.Key("x-kubernetes-validations");
    w.StartArray();
    for (const Check& check : kind.checks) {
      w.StartObject();
      text(w, "rule", check.rule);
      text(w, "message", check.message);
      w.EndObject();
    }
    w.EndArray();
  }
  w.EndObject();
}

void write_version(json::Writer& w, const Kind& kind) {
  w.StartObject();
  text(w, "name", kind.resource.version);
  w.Key("served");
  w.Bool(true);
  w.Key("storage");
  w.Bool(true);
  write_columns(w, kind.columns);
  w.Key("subresources");
  w.StartObject();
  w.Key("status");
  w.StartObject();
  w.EndObject();
  w.EndObject();
  w.Key("schema");
  w.StartObject();
  write_schema(w, kind);
  w.EndObject();
  w.EndObject();
}

std::string definition(const Kind& kind) {
  rapidjson::StringBuffer buffer;
  json::Writer w(buffer);
  w.StartObject();
  text(w, "apiVersion", "apiextensions.k8s.io/v1");
  text(w, "kind", "CustomResourceDefinition");
  w.Key("metadata");
  w.StartObject();
  text(w, "name", fmt::format("{}.{}", kind.resource.plural, kind.resource.group));
  w.Key("labels");
  w.StartObject();
  text(w, "app.kubernetes.io/name", "stash");
  w.EndObject();
  w.EndObject();
  w.Key("spec");
  w.StartObject();
  text(w, "group", kind.resource.group);
  write_names(w, kind);
  text(w, "scope", kind.resource.namespaced ? "Namespaced" : "Cluster");
  w.Key("versions");
  w.StartArray();
  write_version(w, kind);
  w.EndArray();
  w.EndObject();
  w.EndObject();
  return {buffer.GetString(), buffer.GetSize()};
}

}  // namespace

std::vector<std::string> crds() {
  std::vector<std::string> out;
  for (const Kind& kind : {repository(), backup_configuration(), backup_session(), restore_session()})
    out.push_back(definition(kind));
  return out;
}

std::string crds_yaml() {
  std::string out;
  for (const std::string& crd : crds())
    out += "---\n" + json::to_yaml(json::parse(crd, "CustomResourceDefinition"));
  return out;
}

}  // namespace stash::api
