using Xunit;

namespace TokenHub.Gateway.Tests;

public sealed class DescriptorLimitTests
{
    [Theory]
    [InlineData("Max open files            1024                 524288               files     ", 416L)]
    [InlineData("Max open files            1048576              1048576              files     ", 524_192L)]
    [InlineData("Max open files            100                  100                  files     ", 16L)]
    [InlineData("Max open files            unlimited            unlimited            files     ", null)]
    [InlineData("Max processes             94000                94000                processes ", null)]
    public void Each_client_gets_two_descriptors_of_those_that_are_not_kept(string line, long? connections)
    {
        Assert.Equal(connections, DescriptorLimit.Of(["Limit  Soft Limit  Hard Limit  Units", line]));
    }

    [Fact]
    public void This_system_tells_its_limit() => Assert.True(DescriptorLimit.ConnectionsMax() > 0);
}
