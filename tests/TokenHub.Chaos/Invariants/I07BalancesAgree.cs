using System.Globalization;
using TokenHub.Chaos.Stores;

namespace TokenHub.Chaos.Invariants;

/// <summary>
/// Redis has the balance that PostgreSQL has, at the same version, for each account that is hydrated.
/// </summary>
internal sealed class I07BalancesAgree : IInvariant
{
    public string Name => "I7";

    public async Task<IReadOnlyList<string>> CheckAsync(Evidence evidence)
    {
        var truth = (await evidence.Rig.Database.ReadAsync(
            "select id, balance_units, version from accounts",
            row => (Id: row.GetInt64(0), Balance: row.GetInt64(1), Version: row.GetInt64(2))))
            .ToDictionary(account => account.Id);
        var found = new List<string>();
        foreach (var port in evidence.Rig.Store.Ports)
        {
            using var talk = await RespTalk.ConnectAsync(port);
            foreach (var key in talk.Scan("{s*}:a:*"))
            {
                var fields = talk.Hash(key);
                var shard = key[..(key.IndexOf('}', StringComparison.Ordinal) + 1)];
                var epoch = talk.Call("GET", shard + ":ep") as string;

                // Hydrated in another epoch counts as not hydrated at all.
                if (!fields.TryGetValue("ver", out var version) || (fields.TryGetValue("ep", out var own) && own != epoch))
                {
                    continue;
                }

                var account = truth[long.Parse(key[(key.LastIndexOf(':') + 1)..], CultureInfo.InvariantCulture)];
                if (version != account.Version.ToString(CultureInfo.InvariantCulture)
                    || fields["bal"] != account.Balance.ToString(CultureInfo.InvariantCulture))
                {
                    found.Add($"{key} has {fields["bal"]} at version {version}, PostgreSQL {account.Balance} at {account.Version}");
                }
            }
        }

        return found;
    }
}
