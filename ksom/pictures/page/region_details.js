// What distinguishes a region from the rest of the map.

const TRAITS_AT_MOST = 12;

/** The pane of the chosen region. */
class RegionDetails {
  constructor(map, choice) {
    this.map = map;
    this.choice = choice;
    this.isAll = false;
    this.element = made("div", { class: "card region", hidden: "" });
    choice.whenChanged((_, changed) => {
      if (changed.has("region")) this.show(choice.region);
    });
  }

  show(region) {
    this.element.hidden = !region;
    if (!region) {
      this.element.replaceChildren();
      return;
    }
    const cluster = region.cluster !== null && this.map.clusters ? this.map.clusters[region.cluster] || null : null;
    const known = cluster && cluster.profile && cluster.profile.length;
    const traits = known ? traitsOfCluster(this.map, cluster) : traitsOfRegion(this.map, region.mask);
    const seen = this.isAll ? traits : traits.slice(0, TRAITS_AT_MOST);
    const toggle = () => {
      this.isAll = !this.isAll;
      this.show(region);
    };
    this.element.replaceChildren(
      made(
        "div",
        { class: "line-of-heading" },
        made("h3", { text: region.name }),
        made("button", {
          type: "button",
          class: "quiet",
          text: "Clear",
          title: "Escape",
          on: { click: () => this.choice.clear() },
        }),
      ),
      made("p", { class: "hint", text: `${sizeOfRegion(this.map, region, cluster)}.` }),
      ...(cluster && cluster.rule
        ? [made("p", { class: "rule" }, made("strong", { text: "Rule " }), cluster.rule)]
        : []),
      ...(traits.length
        ? [
            made("h4", { text: "Against the rest" }),
            scoreBars(seen),
            made("p", {
              class: "hint",
              text: `Bars: mean less the rest's mean, by the spread of all ${known ? "samples" : "nodes"}; numbers: the mean.`,
            }),
          ]
        : [made("p", { class: "hint", text: "There is no rest to compare it with." })]),
      ...(traits.length > TRAITS_AT_MOST
        ? [
            made("button", {
              type: "button",
              class: "quiet",
              text: this.isAll ? `The first ${TRAITS_AT_MOST}` : `All ${traits.length} features`,
              on: { click: toggle },
            }),
          ]
        : []),
    );
  }
}

/** Return how many nodes and samples there are in a region, in words. */
function sizeOfRegion(map, region, cluster = null) {
  const hits = map.hits ? region.mask.reduce((sum, is, node) => sum + (is ? map.hits.values[node] || 0 : 0), 0) : null;
  const samples = cluster && cluster.samples !== null ? cluster.samples : hits && Math.round(hits); // codes may be
  const nodes = cluster ? cluster.nodes : region.count * map.reduce ** 2;
  const about = map.reduce > 1 && !cluster ? "about " : "";
  return [about + counted(nodes, "node"), samples === null ? null : counted(samples, "sample")]
    .filter(Boolean)
    .join(", ");
}

/** Return for each feature the region's mean, and mean less the mean of the rest by the spread of all nodes; the largest first. */
function traitsOfRegion(map, mask) {
  const traits = [];
  for (const plane of map.featurePlanes) {
    const sums = [0, 0];
    const counts = [0, 0];
    plane.values.forEach((value, node) => {
      if (Number.isNaN(value)) return;
      sums[mask[node]] += value;
      counts[mask[node]] += 1;
    });
    if (!counts[0] || !counts[1]) continue;
    const mean = sums[1] / counts[1];
    traits.push({
      name: plane.title,
      unit: plane.unit,
      value: mean,
      score: plane.spread ? (mean - sums[0] / counts[0]) / plane.spread : 0,
    });
  }
  return ranked(traits);
}

/** Return a cluster's profile as it was measured on the rows. */
function traitsOfCluster(map, cluster) {
  const units = new Map(map.features.map((feature) => [feature.name, feature.unit]));
  const traits = cluster.profile.filter((trait) => trait.score !== null);
  return ranked(traits.map(({ feature, value, score }) => ({ name: feature, unit: units.get(feature), value, score })));
}

function ranked(traits) {
  return traits.sort((one, other) => Math.abs(other.score) - Math.abs(one.score));
}

/** Return a section with all clusters: how large, what is their rule; choosing one lights it up. */
function clustersSection(map, panels) {
  const { clusters, grouping } = map;
  if (!clusters || !clusters.length) return null;
  const cards = clusters.map((cluster, place) => {
    const swatch = made("span", { class: "swatch" });
    swatch.style.background = cssOf(colourOfName(place));
    const most = ranked(traitsOfCluster(map, { profile: cluster.profile || [] })).slice(0, 3);
    const act = () => panels.chooseGroup(grouping, place);
    return made(
      "li",
      { class: "card cluster" },
      made(
        "button",
        { type: "button", class: "choose", disabled: grouping ? null : "", on: { click: act } },
        swatch,
        made("span", { text: cluster.name }),
      ),
      made("span", {
        class: "hint",
        text: [counted(cluster.nodes, "node"), cluster.samples === null ? null : counted(cluster.samples, "sample")]
          .filter(Boolean)
          .join(", "),
      }),
      made("p", {
        text: most
          .map((trait) => `${trait.name} ${trait.score < 0 ? "low" : "high"} (${withUnit(trait.value, trait.unit)})`)
          .join(", "),
      }),
      cluster.rule ? made("p", { class: "rule", text: cluster.rule }) : null,
    );
  });
  return section("clusters", "Clusters", made("ul", { class: "cards" }, ...cards));
}
