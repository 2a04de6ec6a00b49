# A Rails application of one file, in production mode.
require "rails"
require "action_controller/railtie"
require "rack/handler/puma"

class App < Rails::Application
  config.load_defaults Rails::VERSION::STRING.to_f
  config.eager_load = true
  config.hosts.clear
  config.secret_key_base = "only for this test"
  config.logger = Logger.new(nil)
  config.root = __dir__
  routes.append { post "/hook", to: "hooks#create" }
end
App.initialize!
Rack::Handler::Puma.run(App, Host: "127.0.0.1", Port: ENV.fetch("PORT").to_i, Silent: true, Threads: "1:2")
