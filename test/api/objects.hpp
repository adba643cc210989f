#pragma once

#include <string>

#include "stash/api/backup_configuration.hpp"
#include "stash/api/repository.hpp"
#include "stash/api/restore_session.hpp"

/// Good objects to start from: a test changes the one thing it is about.
namespace stash::test {

inline api::BackupConfiguration configuration(const std::string& spec_members = "") {
  return api::BackupConfiguration::parse(json::parse(
      R"({"metadata":{"name":"nightly","namespace":"demo","uid":"u-1","labels":{"team":"shop"}},"spec":{)"
      R"("repository":{"name":"store"},"schedule":"*/5 * * * *","retentionPolicy":{"name":"five","keepLast":5,"prune":true},)"
      R"("target":{"ref":{"apiVersion":"apps/v1","kind":"Deployment","name":"shop"},"paths":["/srv/data"],)"
      R"("volumeMounts":[{"name":"data","mountPath":"/srv/data"}]})" +
          spec_members + "}}",
      "configuration"));
}

inline api::RestoreSession restore(const std::string& spec_members = "") {
  return api::RestoreSession::parse(json::parse(
      R"({"metadata":{"name":"again","namespace":"demo","uid":"u-2"},"spec":{"repository":{"name":"store"},)"
      R"("target":{"ref":{"apiVersion":"apps/v1","kind":"Deployment","name":"shop"},"rules":[{"paths":["/srv/data"]}],)"
      R"("volumeMounts":[{"name":"data","mountPath":"/srv/data"}]})" +
          spec_members + "}}",
      "restore"));
}

inline api::Repository repository(const std::string& backend, const std::string& spec_members = "") {
  return api::Repository::parse(json::parse(
      R"({"metadata":{"name":"store","namespace":"demo"},"spec":{"backend":{"storageSecretName":"secret",)" +
          backend + "}" + spec_members + "}}",
      "repository"));
}

}  // namespace stash::test
