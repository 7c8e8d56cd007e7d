namespace TokenHub.ControlPlane.Changes;

internal sealed class StillGatewayNews : IGatewayNews
{
    public Task TellAsync() => Task.CompletedTask;
}
