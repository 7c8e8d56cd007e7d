using TokenHub.Core.Routing;
using TokenHub.Core.Snapshots;
using Xunit;

namespace TokenHub.Core.Tests.Routing;

[Trait("row", "B34")]
public sealed class RouteGroupsTests
{
    private static readonly RouteGroups Groups = new(Snapshot.Empty with
    {
        Channels = [Channel("gold", "named"), Channel("named")],
        Groups =
        [
            new GroupEntry { Name = "gold", Accounts = [7], PriceFactorBp = 15_000 },
            new GroupEntry { Name = "apart", InCommon = false },
        ],
    });

    [Fact]
    public void Group_is_known_by_its_settings_or_by_a_channel_that_names_it()
    {
        Assert.Equal(["apart", "gold", "named"], Enumerable.Range(0, Groups.Count).Select(i => Groups[i].Name));
        Assert.Equal((10_000, true), (Groups[2].PriceFactorBp, Groups[2].InCommon));
        Assert.False(Groups.TryFind("none", out _));
    }

    [Theory]
    [InlineData("gold", 7, "", true)]
    [InlineData("gold", 8, "", false)]
    [InlineData("gold", 7, "gold", true)]
    [InlineData("gold", 7, "named", false)]
    [InlineData("named", 8, "", true)]
    public void Group_is_open_to_its_accounts_and_within_the_keys_scope(string name, long account, string key, bool isOpen)
    {
        Assert.True(Groups.TryFind(name, out var group));

        Assert.Equal(isOpen, Groups.IsOpen(group, account, key == "" ? [] : [key]));
    }

    [Theory]
    [InlineData("", 7, "", RouteGroups.None)]
    [InlineData("", 7, "gold", RouteGroups.Closed)]
    [InlineData("gold named", 7, "", 1)]
    [InlineData("gold named", 8, "", 2)]
    [InlineData("gold named", 8, "gold", RouteGroups.Closed)]
    [InlineData("apart", 7, "", RouteGroups.Closed)]
    [InlineData("apart", 7, "apart", RouteGroups.Closed)]
    [InlineData("apart named", 7, "", 2)]
    public void Call_without_a_prefix_comes_in_by_the_first_common_group_that_is_open(
        string groups, long account, string key, int expected)
    {
        var indices = groups.Split(' ', StringSplitOptions.RemoveEmptyEntries)
            .Select(name => Groups.TryFind(name, out var group) ? group : -9).ToArray();

        Assert.Equal(expected, Groups.CommonOf(indices, account, key == "" ? [] : [key]));
    }

    private static ChannelEntry Channel(params string[] groups) => new()
    {
        Id = 1, Name = "c", Provider = Provider.OpenAi, BaseUrl = "https://h", CredentialType = "api_key",
        SealedCredential = "", Models = ["m"], Groups = groups,
    };
}
