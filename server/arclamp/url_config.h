// The key `arclamp` of the configuration: what Arc Lamp's URLs (pages.h) are answered with.
//
// Thread safety: plain data.
#ifndef FLAMEKEEP_SERVER_ARCLAMP_URL_CONFIG_H_
#define FLAMEKEEP_SERVER_ARCLAMP_URL_CONFIG_H_

#include <functional>
#include <map>
#include <string>

namespace flamekeep::server {

struct ArcLampUrlConfig {
  std::string title = "MediaWiki";  // how titles of graphs begin
  // Functions that have graphs of their own, as frames have them, by the label in the file's name:
  // fn-EditAction.
  std::map<std::string, std::string, std::less<>> functions = {
      {"EditAction", "MediaWiki\\Actions\\EditAction::show"},
      {"PostSend", "MediaWiki\\MediaWikiEntryPoint::doPostOutputShutdown"},
      {"PreSend", "MediaWiki\\MediaWikiEntryPoint::prepareForOutput"},
      {"Upload", "UploadBase::performUpload"},
  };
};

}  // namespace flamekeep::server

#endif  // FLAMEKEEP_SERVER_ARCLAMP_URL_CONFIG_H_
