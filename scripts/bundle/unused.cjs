'use strict';
// Stands in for what nothing here uses: unzip-stream, which @actions/artifact needs to extract downloads and one package of
// which has no license at all (docs/actions-platform.md#unlicensed-package), and two parts of @actions/core.
