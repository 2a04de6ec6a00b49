package config

import "github.com/spf13/viper"

// layers are the settings of each source, by key.
type layers struct{ file, env, flags map[string]Setting }

// merge decides which source counts. Viper only reads here, on an instance of
// its own, from maps: it would lower-case and split what it reads from a file,
// bake the environment into what it writes, and miss typing errors.
func merge(keys []Key, l layers) map[string]Setting {
	v := viper.NewWithOptions(viper.KeyDelimiter("::")) // a key with dots is one key
	for _, k := range keys {
		v.SetDefault(k.Name, Setting{k.Name, k.Default, FromDefault})
	}
	configured := map[string]any{}
	for _, layer := range []map[string]Setting{l.file, l.env} {
		for key, s := range layer {
			configured[key] = s
		}
	}
	// Its error is for values of a nested kind: these are flat.
	_ = v.MergeConfigMap(configured)
	for key, s := range l.flags {
		v.Set(key, s)
	}
	settings := make(map[string]Setting, len(keys))
	for _, k := range keys {
		if s, ok := v.Get(k.Name).(Setting); ok {
			settings[k.Name] = s
		}
	}
	return settings
}
