using System.Text.RegularExpressions;
using TokenHub.ControlPlane.Problems;

namespace TokenHub.ControlPlane.Rules;

/// <summary>Names of channel groups, which are also the first parts of paths at the gateways.</summary>
internal static partial class GroupNames
{
    public const string Message =
        "must be short names of lower-case letters, digits and dashes that the gateway does not use itself";

    // First parts of the gateway's own paths.
    private static readonly string[] Reserved = ["v1", "v1beta", "healthz", "readyz", "metrics", "api", "internal"];

    public static bool IsName(string? name) => name is not null && Shape().IsMatch(name) && !Reserved.Contains(name);

    public static string[] Check(FieldChecks checks, IReadOnlyList<string>? names, string field, int countMax)
    {
        if (names is null)
        {
            return [];
        }

        checks.Require(names.Count <= countMax, field, "too_many", $"must have at most {countMax} entries");
        checks.Require(names.All(IsName), field, "bad_group", Message);
        return [.. names.Distinct(StringComparer.Ordinal)];
    }

    [GeneratedRegex("^[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?$")]
    private static partial Regex Shape();
}
