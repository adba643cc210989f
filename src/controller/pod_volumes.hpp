#pragma once

// Which of our volumes a pod template has, and by which names our containers mount them.
//
// kubelet mounts a PersistentVolumeClaim for one volume of a pod only: a second volume of the same claim
// keeps the pod from ever starting. So a container of ours mounts a claim by the name that the template has
// for it already, be it the application's or that of our other container.

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "controller/inject.hpp"

namespace stash::controller {

class PodVolumes {
 public:
  explicit PodVolumes(const json::Value& workload);

  /// A container of ours stays as it is, and its volumes with it. To be told before the first add().
  void keep(const json::Value& container);
  /// The injection's container, mounting by the names that its volumes get.
  std::string add(const Injection& injection);

  struct Changes {
    std::vector<std::pair<rapidjson::SizeType, std::string>> replaced;  ///< index, volume
    std::vector<rapidjson::SizeType> removed;                           ///< indexes, highest first
    std::vector<std::string> added;                                     ///< volumes
  };
  Changes changes() const;

 private:
  /// The name by which the volume is mounted.
  std::string place(const OwnVolume& volume);

  const json::Value* volumes_;
  std::map<std::string, std::string> claims_;  ///< claim: the volume that has it
  std::map<std::string, std::string> wanted_;  ///< our volumes: what they are, "" as it is now
};

}  // namespace stash::controller
