using TokenHub.Core.Routing;
using TokenHub.Core.Snapshots;
using TokenHub.Gateway.Routing;
using TokenHub.Gateway.Tests.Rig;
using Xunit;

namespace TokenHub.Gateway.Tests.Routing;

public sealed class ChoiceAllocationTests
{
    [Theory]
    [InlineData(10)]
    [InlineData(1_000)]
    public void Plan_is_made_without_allocating(int channels)
    {
        var policies = Enum.GetValues<RoutingPolicy>();
        string[] names = [.. policies.Select(policy => policy.ToString().ToLowerInvariant())];
        var table = RouteTable.Build(
            Entries.Snapshot(
                [.. Enumerable.Range(1, channels).Select(id => Entries.Channel(id) with { Groups = id % 3 == 0 ? [] : names })],
                Entries.Price("m")) with
            {
                Groups = [.. policies.Zip(names, (policy, name) => new GroupEntry { Name = name, Policy = policy })],
            },
            Entries.Box, new ChannelLives());
        var (picker, plan) = (new ChannelPicker(new Random(1), 1000), new RoutePlan());
        foreach (var group in names.Append(null))
        {
            var query = new RoutingQuery(Dialect.Chat, group, new KeyEntry(Entries.Key() with { Channels = [.. Enumerable.Range(1, channels)] }), Endpoint.ChatCompletions);
            Pick(query, 3);
            var before = GC.GetAllocatedBytesForCurrentThread();
            Pick(query, 100);
            var allocated = GC.GetAllocatedBytesForCurrentThread() - before;

            Assert.Equal((RoutingRules.StepsFor(4), 0L), (plan.Count, allocated));
        }

        void Pick(in RoutingQuery query, int calls)
        {
            for (var i = 0; i < calls; i++)
            {
                plan.Clear();
                picker.Pick(table, "m"u8, query, plan);
            }
        }
    }
}
