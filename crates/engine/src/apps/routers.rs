//! The routers of installed apps: which of them answers a path of this server.

use super::installed::Apps;
use super::view::MountedRouter;
use footbridge_model::hook::HookType;
use footbridge_model::path::{is_mounted_under, may_lead_to};

impl Apps {
    /// The routers that answer `path`, in the order in which they are asked.
    pub(crate) fn routers_at(&self, path: &str) -> Vec<MountedRouter> {
        let directory = self.registry.directory.load();
        let mut found: Vec<MountedRouter> = Vec::new();
        for entry in directory.apps().filter(|entry| entry.app.enabled) {
            let Some(package) = &entry.app.package else { continue };
            for (name, router) in
                package.routers.iter().filter(|(_, router)| is_mounted_under(path, &router.root))
            {
                found.push(MountedRouter {
                    app: entry.app.name.clone(),
                    name: name.clone(),
                    root: router.root.clone(),
                    order: router.order,
                });
            }
        }
        found.sort_by(|a, b| (a.order, &a.app, &a.name).cmp(&(b.order, &b.app, &b.name)));
        found
    }

    /// Returns true if `path` leads to one of the app's `server` hooks or below its route, in any spelling.
    pub(crate) fn is_hook_route(&self, name: &str, path: &str) -> bool {
        let Ok(entry) = self.installed(name) else { return false };
        let index = self.registry.index.load();
        let hooks = index.of(&entry.app.name).map(|entry| &entry.hook);
        let hooks = hooks.filter(|hook| hook.kind == HookType::Server);
        may_lead_to(path, hooks.map(|hook| hook.route.as_str()))
    }
}
