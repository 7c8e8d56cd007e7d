using TokenHub.TestKit.Servers;
using Xunit;

namespace TokenHub.EndToEnd.Tests.Product;

public sealed class ProductFixtureTests
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task Product_is_killed_in_parts_stopped_started_again_and_leaves_nothing()
    {
        await using var product = new ProductFixture();
        await product.StartAsync();
        var (userId, key) = await product.Control.CreateMemberAsync("kept@example.com", "1.00");
        var gateway = product.ProcessIdOf(ProductFixture.Gateway);

        product.Kill(ProductFixture.Gateway);
        await Probe.UntilAsync(
            async () => product.ProcessIdOf(ProductFixture.Gateway) != gateway && await ServesAsync(product, key), Soon,
            "the gateway to serve again");
        Assert.Equal(0, await product.StopAsync());
        Assert.Empty(product.Processes());
        await product.StartAsync();

        Assert.Equal(1m, (await product.Control.SettledWalletAsync(userId)).Balance);
        Assert.True(await ServesAsync(product, key));
        Assert.NotEmpty(product.LogOf(ProductFixture.ControlPlane));
    }

    [Fact]
    public async Task Product_whose_supervisor_was_killed_starts_again_on_what_is_left()
    {
        await using var product = new ProductFixture();
        await product.StartAsync();
        var (_, key) = await product.Control.CreateMemberAsync("kept@example.com", "1.00");

        await product.KillSupervisorAsync();
        Assert.NotEmpty(product.Processes());
        await product.StartAsync();

        Assert.True(await ServesAsync(product, key));
    }

    private static async Task<bool> ServesAsync(ProductFixture product, string key)
    {
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        http.DefaultRequestHeaders.Add("Authorization", $"Bearer {key}");
        try
        {
            using var response = await http.GetAsync(new Uri($"{product.GatewayUrl}/v1/models"));
            return response.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }
}
