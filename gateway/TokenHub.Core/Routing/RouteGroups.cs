using System.Collections.Frozen;
using TokenHub.Core.Snapshots;

namespace TokenHub.Core.Routing;

/// <summary>
/// The channel groups of a snapshot, and who may use them. A group is there when it has settings or a channel names it.
/// A call is served by one group alone: the one that its path names; else the one by which its first channel was let
/// in, or none.
/// </summary>
public sealed class RouteGroups
{
    /// <summary>No group: a channel that names none.</summary>
    public const int None = -1;

    /// <summary>Not open to the caller.</summary>
    public const int Closed = -2;

    private readonly GroupEntry[] _entries;
    private readonly FrozenSet<long>?[] _accounts;
    private readonly FrozenDictionary<string, int> _byName;

    public RouteGroups(Snapshot snapshot)
    {
        var known = snapshot.Groups.ToDictionary(group => group.Name, StringComparer.Ordinal);
        foreach (var name in snapshot.Channels.SelectMany(channel => channel.Groups))
        {
            known.TryAdd(name, new GroupEntry { Name = name });
        }

        _entries = [.. known.Values.OrderBy(group => group.Name, StringComparer.Ordinal)];
        _accounts = [.. _entries.Select(group => group.Accounts.Count > 0 ? group.Accounts.ToFrozenSet() : null)];
        _byName = _entries.Index().ToFrozenDictionary(
            group => group.Item.Name, group => group.Index, StringComparer.Ordinal);
        HasCommon = _entries.Any(group => group.InCommon);
    }

    public int Count => _entries.Length;

    /// <summary>Channels of some group serve calls without a prefix.</summary>
    public bool HasCommon { get; }

    public GroupEntry this[int group] => _entries[group];

    public bool TryFind(string name, out int group) => _byName.TryGetValue(name, out group);

    /// <summary>A channel's groups, in the order in which it names them.</summary>
    public int[] Of(ChannelEntry channel) => [.. channel.Groups.Select(name => _byName[name])];

    /// <summary>True when the account may use the group, and the key as well.</summary>
    /// <param name="keyGroups">Names; empty for every group.</param>
    public bool IsOpen(int group, long account, IReadOnlyList<string> keyGroups) =>
        _accounts[group]?.Contains(account) != false
        && (keyGroups.Count == 0 || Contains(keyGroups, _entries[group].Name));

    /// <summary>
    /// By which of its groups a channel serves a call without a prefix: the first that is common and open to the
    /// caller; <see cref="None"/> for a channel without groups.
    /// </summary>
    public int CommonOf(ReadOnlySpan<int> groups, long account, IReadOnlyList<string> keyGroups)
    {
        if (groups.IsEmpty)
        {
            return keyGroups.Count == 0 ? None : Closed;
        }

        foreach (var group in groups)
        {
            if (_entries[group].InCommon && IsOpen(group, account, keyGroups))
            {
                return group;
            }
        }

        return Closed;
    }

    private static bool Contains(IReadOnlyList<string> names, string name)
    {
        for (var i = 0; i < names.Count; i++)
        {
            if (names[i] == name)
            {
                return true;
            }
        }

        return false;
    }
}
