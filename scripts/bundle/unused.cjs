'use strict';
// Stands in for unzip-stream, which @actions/artifact needs to extract downloads: nothing here downloads artifacts that
// way, and one package below it has no license at all (docs/actions-platform.md#unlicensed-package).
